/** The Tinker server of the tests in this process, over a tiny policy, with what its clients here are made of. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { TinkerClient } from '../../../activities/tinker/client.js'
import type { Datum } from '../../../activities/tinker/types.js'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import type { Policy } from '../../../pipelines/model/policy.js'
import { withEveryIdDrawn } from '../../pipelines/model/golden.js'
import { Models } from '../../tinker-server/models.js'
import { makeServer } from '../../tinker-server/server.js'
import { defaultSettings, type ServerSettings, serverEngine } from '../../tinker-server/settings.js'
import { tinyBase } from '../../tinker-server/start.js'

let base: Policy | undefined

/** Loaded once in the process. */
export async function basePolicy(): Promise<Policy> {
  base ??= withEveryIdDrawn(await loadPolicy(tinyBase, serverEngine))
  return base
}

export async function served(
  t: TestContext,
  given: Partial<ServerSettings> = {},
): Promise<{ url: string; models: Models; client: TinkerClient }> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-tinker-'))
  const settings = { ...defaultSettings, folder, base: tinyBase, ...given }
  const models = new Models(await basePolicy(), settings)
  const app = makeServer(models, settings)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await app.close()
    models.unloadAll()
    rmSync(folder, { recursive: true, force: true })
  })
  return { url, models, client: clientOf(url) }
}

/** With waits as short as a test wants them. */
export function clientOf(url: string, environment: NodeJS.ProcessEnv = {}): TinkerClient {
  const patience = { requestTimeoutMs: 60_000, pollTimeoutMs: 60_000, patienceMs: 60_000, backoffMs: 5 }
  return new TinkerClient({ url, environment, patience })
}

export async function newModel(client: TinkerClient, { rank = 4, seed = 7 } = {}): Promise<string> {
  const sessionId = await client.createSession()
  const { modelId } = await client.createModel({ sessionId, modelSeqId: 0, baseModel: tinyBase, rank, seed })
  return modelId
}

/** A prompt and a response, with a coefficient for each token of the response. */
export function datumOf(
  { prompt, response }: { prompt: readonly number[]; response: readonly number[] },
  { coefficient = 1, logProbs }: { coefficient?: number; logProbs?: readonly number[] } = {},
): Datum {
  const tokens = [...prompt, ...response]
  const before = prompt.slice(1).map(() => 0)
  return {
    inputs: tokens.slice(0, -1),
    targets: tokens.slice(1),
    weights: [...before, ...response.map(() => 1)],
    logProbs: [...before, ...(logProbs ?? response.map(() => -6))],
    advantages: [...before, ...response.map(() => coefficient)],
  }
}

export const adam = {
  learningRate: 0.01,
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: null,
} as const

export const rows = [
  { prompt: [45, 101, 87, 5], response: [33, 12, 77, 2] },
  { prompt: [45, 9, 87, 5, 6], response: [14, 12, 2] },
] as const
