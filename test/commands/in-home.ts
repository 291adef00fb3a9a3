/** The command in a home of the test's, over services that it starts itself: what it prints of a run, and waiting for it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lookAt } from '../../commands/runs/with-run.js'
import { openHome } from '../../commands/services/home.js'
import { toJson } from '../../commands/text/json.js'
import { type Called, call } from './call.js'

/** All of a config but its name and steps. */
export const tiny = `
data: { source: synthetic, exam: v7, trainPapers: 4, testItemsPerSection: 8 }
policy: { from: scratch, width: 16, layers: 1, heads: 2, keyValueHeads: 2, mlpWidth: 32 }
warmStart: { steps: 12, batch: 16, warmup: 2, finalSteps: 2 }
rollout: { prompts: 4, samples: 4, chunk: 16, maxTokens: 8 }
update: { learningRate: 1.0e-3, microBatch: 8 }
evaluation: { every: 3, samples: 1, chunk: 32 }
checkpoint: { everySteps: 3 }
durability: { stepsPerActivity: 3, heartbeatTimeout: 5 }
`

/** `end` takes the services down and removes everything. */
export function inHome() {
  // The looks are at the services of this home, whatever servers the shell names.
  for (const name of ['TEMPORAL_ADDRESS', 'MLFLOW_TRACKING_URI']) delete process.env[name]
  const folder = mkdtempSync(join(tmpdir(), 'rlev-run-'))
  const home = join(folder, 'home')
  const rlev = (...words: string[]): Promise<Called> => call(...words, '--home', home)

  function configFile(name: string, text: string): string {
    const path = join(folder, `${name}.yaml`)
    writeFileSync(path, `name: ${name}\n${text}`)
    return path
  }

  /** What `status NAME --json` prints, without a process for each look. */
  async function statusOf(name: string) {
    return JSON.parse(toJson(await lookAt(openHome(home), name)))
  }

  /** Looks until the run is in that state. */
  async function becomes(name: string, state: string): Promise<void> {
    let seen: unknown
    for (const end = Date.now() + 180_000; Date.now() < end; await sleep(200)) {
      seen = await statusOf(name)
      if ((seen as { state: string }).state === state) return
    }
    assert.fail(`${name} did not become ${state}: ${JSON.stringify(seen)}`)
  }

  /** Looks until the run is beyond that step; gives the step that it is at. */
  async function trains(name: string, beyond = 0): Promise<number> {
    for (const end = Date.now() + 120_000; Date.now() < end; await sleep(200)) {
      const { experiments } = await statusOf(name)
      if (experiments[0].step > beyond) return experiments[0].step
    }
    return assert.fail(`${name} did not come beyond step ${beyond}`)
  }

  async function end(): Promise<void> {
    await rlev('down')
    rmSync(folder, { recursive: true, force: true })
  }

  return { folder, home, rlev, configFile, statusOf, becomes, trains, end }
}
