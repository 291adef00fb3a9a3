/** Two steps of training for tests of durability: rows of fixed tokens, and the digest of the adapter in the end. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TinkerClient } from '../../../activities/tinker/client.js'
import { DurableModel, type DurableOptions } from '../../../activities/tinker/durable/durable-model.js'
import type { StateRef } from '../../../activities/tinker/durable/live-model.js'
import type { TrainedRow } from '../../../activities/tinker/durable/plan.js'
import { tinyBase } from '../../tinker-server/start.js'
import { adam } from './tiny-server.js'

const row = (promptTokens: number[], tokens: number[], scale: number): TrainedRow => ({
  promptTokens,
  tokens,
  coefficients: tokens.map((_, place) => scale * (place % 2 === 0 ? 1 : -0.5)),
})

export const stepRows: readonly (readonly TrainedRow[])[] = [
  [row([45, 101, 87], [33, 12, 77, 2], 1), row([45, 9, 87], [14, 12, 2], -0.5), row([45, 9, 87], [14, 31, 2], 0.25)],
  [row([61, 8, 87], [70, 2], 1), row([61, 8, 87], [71, 72, 2], -1), row([19, 20, 21], [22, 2], 0.5)],
]

/** One row a request, so that a step is several. */
export function optionsFor(client: TinkerClient, more: Partial<DurableOptions> = {}): DurableOptions {
  return {
    client,
    settings: { baseModel: tinyBase, rank: 4, seed: 7 },
    way: { factor: () => 1, notes: [] },
    limits: { maxRows: 1, maxTokens: 1000 },
    ...more,
  }
}

/** From the newest state on, to the end of the steps. */
export async function train(options: DurableOptions, from: StateRef | null = null): Promise<string> {
  const model = await DurableModel.open(options, from)
  try {
    for (const rows of stepRows.slice(model.newest.step)) await model.step({ rows, adam })
    return await digestOf(model)
  } finally {
    await model.close()
  }
}

/** sha256 of the exported adapter. */
export async function digestOf(model: DurableModel): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-adapter-'))
  try {
    await model.export(join(folder, 'adapter'))
    const bytes = readFileSync(join(folder, 'adapter', 'adapter_model.safetensors'))
    return createHash('sha256').update(bytes).digest('hex')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
