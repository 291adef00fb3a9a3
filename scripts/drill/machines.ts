/**
 * Drill 9: five machines on their own network (machines/network.ts). a has Temporal, MLflow, an object store and the orchestrator, b and
 * c have a policy worker each, d only launches. Every machine has its own home, which is a copy of the store. Cables are pulled, processes and
 * whole machines killed and replaced by empty ones, the store is away, slow, or loses its answers. Each run must leave what an undisturbed one
 * leaves: weights, optimizer, journal and evaluations in the store, and points in MLflow.
 *
 * Here the network is made and removed. The drill itself runs on machine d (machines/inside.ts).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoGateway } from '../../test/activities/store/objects/gateway.js'
import type { DrillOptions } from './drill.js'
import { Network, whyNoNetwork } from './machines/network.js'
import { requireProduction } from './machines/production.js'
import { installDriver } from './machines/python-driver.js'
import type { DrillResult } from './result.js'

/** What the process on machine d is to do. */
export type InsideCall = Omit<DrillOptions, 'say' | 'kills'> & { network: string; folder: string }

/** What it tells. */
export type InsideNews = { line: string } | { result: DrillResult }

/** Why it cannot be made here; false if it can. */
export const whyNoMachines = (): string | false => whyNoNetwork() || whyNoGateway()

export async function run({ say, kills: _kills, ...options }: DrillOptions): Promise<DrillResult> {
  const reason = whyNoMachines()
  if (reason !== false) {
    say(`skipped: ${reason}`)
    return { name: 'machines', passed: true, cases: 0, failures: [], figures: { skipped: 1 } }
  }
  const temporal = options.temporal === null ? null : resolve(options.temporal)
  if (temporal !== null) requireProduction(temporal)
  const network = Network.make()
  const folder = mkdtempSync(join(tmpdir(), 'rlev-machines-'))
  const remove = () => {
    network.remove()
    if (process.env['RLEV_TEST_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true })
  }
  // Also by Ctrl-C.
  process.once('exit', remove)
  try {
    if (temporal !== null) {
      await installDriver(folder).catch((error: Error) =>
        say(`MLflow stays on SQLite: its driver for PostgreSQL cannot be installed: ${error.message.trim()}`),
      )
    }
    return await inside({ ...options, temporal, network: network.name, folder }, network, say)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

async function inside(call: InsideCall, network: Network, say: (line: string) => void): Promise<DrillResult> {
  const script = fileURLToPath(new URL('machines/inside.js', import.meta.url))
  const [command = '', ...args] = network.on('d', [process.execPath, script, JSON.stringify(call)])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  let result: DrillResult | undefined
  child.on('message', (news: InsideNews) => {
    if ('line' in news) say(news.line)
    else result = news.result
  })
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (result === undefined) throw new Error(`the process on machine d ended with ${signal ?? status} and no result`)
  return result
}
