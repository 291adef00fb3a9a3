/**
 * Drill 5: a disk that is full again and again, and one that becomes read-only, on a small disk of the drill's own. The stage fails
 * with an error that names the place and what to do, nothing half-written stays or is read, and with room the run goes on to the
 * undisturbed bits.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApplicationFailure } from '@temporalio/common'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { examineRun } from '../../commands/verify/examine.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { stream } from '../../pipelines/random.js'
import { tinyConfig } from '../../test/workflows/tiny.js'
import { runInProcess } from './in-process.js'
import { differencesOf, outcomeOf } from './outcome.js'
import type { DrillResult } from './result.js'
import { SmallDisk } from './small-disk.js'

export interface DiskOptions {
  /** Of the run, and of how much room there is when. */
  seed: number
  /** Less of everything, for a test. */
  short: boolean
  say: (line: string) => void
}

/** Cases: attempts that found the disk full or read-only. None where no disk can be mounted. */
export async function run({ seed, short, say }: DiskOptions): Promise<DrillResult> {
  const result: DrillResult = { name: 'disk-full', passed: true, cases: 0, failures: [], figures: {} }
  const disk = SmallDisk.open({ megabytes: 24, say })
  if (disk === null) return { ...result, figures: { skipped: 1 } }
  const shape = { seed, steps: 6, evaluation: { every: 3 }, checkpoint: { everySteps: 2, keep: 1 } }
  const config = tinyConfig('crowded', shape)
  const elsewhere = mkdtempSync(join(tmpdir(), 'rlev-roomy-'))
  try {
    await runInProcess({ home: elsewhere, config })
    const drill = { disk, config, seed, say, expected: outcomeOf(elsewhere, config.name, config.steps) }
    for (const rounds of [await crowd({ ...drill, most: short ? 32_768 : 8_192 }), await lock({ ...drill, short })]) {
      result.cases += rounds.struck
      result.failures.push(...rounds.failures)
      result.figures[rounds.figure] = rounds.struck
    }
    return { ...result, passed: result.failures.length === 0 }
  } finally {
    disk.close()
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

interface Drill {
  disk: SmallDisk
  config: ExperimentConfig
  seed: number
  say: (line: string) => void
  expected: ReadonlyMap<string, string>
}

interface Rounds {
  figure: string
  struck: number
  failures: string[]
}

/** No room at the start; each time that a stage fails for it, a little is made. */
async function crowd({ disk, config, seed, say, expected, most }: Drill & { most: number }): Promise<Rounds> {
  const home = join(disk.path, 'full')
  const random = stream(seed, 'room')
  const failures: string[] = []
  const places = new Set<string>()
  let struck = 0
  disk.fill()
  await runInProcess({
    home,
    config,
    failed: failure => {
      struck++
      failures.push(...faultsOf(failure, { home, code: 'ENOSPC' }), ...remainsIn(home))
      places.add(
        placeOf(failure)
          .replace(/\d{6}/, 'N')
          .replace(/[0-9a-f]{64}/, 'DIGEST'),
      )
      disk.free(1024 + random.integer(most, struck))
      // Now and then the worker that comes back is another one.
      return random.integer(4, struck, 1) === 0
    },
  })
  say(`the disk was full ${struck} times, at ${places.size} kinds of places`)
  failures.push(...(await afterwards({ home, config, expected, what: 'full' })))
  disk.empty()
  rmSync(home, { recursive: true })
  if (struck === 0) failures.push('the disk was never full')
  return { figure: 'times full', struck, failures }
}

/** The disk becomes read-only before a stage, and writable again once that stage has failed for it. */
async function lock({ disk, config, seed, say, expected, short }: Drill & { short: boolean }): Promise<Rounds> {
  const failures: string[] = []
  const random = stream(seed, 'read-only')
  let struck = 0
  for (let round = 0; round < (short ? 1 : 6); round++) {
    const home = join(disk.path, `locked-${round}`)
    const at = new Set([2 + random.integer(5, round, 0), 7 + random.integer(5, round, 1)])
    await runInProcess({
      home,
      config,
      before: stage => {
        if (at.has(stage)) disk.readOnly(true)
      },
      failed: failure => {
        struck++
        failures.push(...faultsOf(failure, { home, code: 'EROFS' }), ...remainsIn(home))
        disk.readOnly(false)
        return false
      },
    })
    disk.readOnly(false)
    failures.push(...(await afterwards({ home, config, expected, what: `read-only, round ${round}` })))
    rmSync(home, { recursive: true })
  }
  say(`the disk was read-only ${struck} times`)
  if (struck === 0) failures.push('the disk was never read-only')
  return { figure: 'times read-only', struck, failures }
}

function faultsOf(failure: ApplicationFailure, { home, code }: { home: string; code: string }): string[] {
  const { type, message, nextRetryDelay } = failure
  const told = type === 'NoStorage' && message.includes(home) && message.includes(code) && /to do: +\S/.test(message)
  if (told && nextRetryDelay !== undefined) return []
  return [`the failure is ${type}, tried again after ${String(nextRetryDelay)}: ${message}`]
}

function placeOf({ message }: ApplicationFailure): string {
  return message.split(': ')[0] ?? ''
}

/** Nothing unfinished stays behind, of which a disk that is full has no room anyway. */
function remainsIn(home: string): string[] {
  try {
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' })
    return names.filter(name => name.includes(temporaryPrefix)).map(name => `left behind: ${name}`)
  } catch {
    // The home itself had no room yet.
    return []
  }
}

async function afterwards(options: {
  home: string
  config: ExperimentConfig
  expected: ReadonlyMap<string, string>
  what: string
}): Promise<string[]> {
  const { home, config, expected, what } = options
  const { findings } = await examineRun(home, config.name)
  return [
    ...differencesOf(what, expected, outcomeOf(home, config.name, config.steps)),
    ...findings.map(({ place, message }) => `${what}: verify found ${place}: ${message}`),
  ]
}
