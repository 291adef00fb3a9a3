/**
 * Drill 4: files of a run with a byte changed or the tail cut off, and other ways to hurt a store. Each has to be refused by the
 * reader that training uses and named by `verify`; and training has to go on, past what was damaged, to the undisturbed bits.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { examineRun } from '../../commands/verify/examine.js'
import { stream } from '../../pipelines/random.js'
import { tinyConfig } from '../../test/workflows/tiny.js'
import { type FileKind, fileKinds, filesByKind, type Wound, wound } from './corruption/damage.js'
import { isRefused, isTold } from './corruption/readers.js'
import { runInProcess } from './in-process.js'
import { goesOn, mishaps, type Undisturbed } from './mishaps.js'
import { outcomeOf } from './outcome.js'
import type { DrillResult } from './result.js'

export interface CorruptionOptions {
  /** Of the run, and of what is hurt where. */
  seed: number
  /** Less of everything, for a test. */
  short: boolean
  say: (line: string) => void
}

const wounds: readonly Wound[] = ['changed byte', 'cut']

export async function run({ seed, short, say }: CorruptionOptions): Promise<DrillResult> {
  const [woundsOfEach, resumed] = short ? [60, 2] : [1000, 20]
  const folder = mkdtempSync(join(tmpdir(), 'rlev-corruption-'))
  const failures: string[] = []
  const figures: Record<string, number> = {}
  const began = performance.now()
  try {
    const undisturbed = await undisturbedRun(join(folder, 'undisturbed'), seed)
    failures.push(...(await unsound(undisturbed.home, undisturbed.config.name, 'undisturbed')))
    say(`an undisturbed run of ${undisturbed.config.steps} steps (${seconds(began)})`)

    for (const how of wounds) {
      const since = performance.now()
      const { missed, byKind } = hurtEach({ undisturbed, how, count: woundsOfEach, seed })
      failures.push(...missed)
      figures[`${how === 'cut' ? 'cuts' : 'changed bytes'} detected`] = woundsOfEach - missed.length
      say(`${how}: ${woundsOfEach - missed.length} of ${woundsOfEach} detected (${byKind}; ${seconds(since)})`)
    }

    const since = performance.now()
    const cases = mishaps({ seed, resumed, short })
    for (const [index, mishap] of cases.entries()) {
      const home = join(folder, 'hurt')
      cpSync(undisturbed.home, home, { recursive: true })
      const found = await goesOn({ mishap, home, undisturbed, index })
      failures.push(...found)
      say(`${mishap.name}: ${found.length === 0 ? 'as it should' : found.join('; ')}`)
      rmSync(home, { recursive: true, force: true })
    }
    figures['mishaps gone past'] = cases.length
    say(`${cases.length} mishaps (${seconds(since)})`)
    return {
      name: 'corruption',
      passed: failures.length === 0,
      cases: wounds.length * woundsOfEach + cases.length,
      failures,
      figures,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Two runs of one warm start, of which the second lends its files for the first one's mishaps. */
async function undisturbedRun(home: string, seed: number): Promise<Undisturbed> {
  const shape = { seed, steps: 8, evaluation: { every: 2 }, checkpoint: { everySteps: 2, keep: 8 } }
  const config = tinyConfig('hurt', shape)
  const other = tinyConfig('other', { ...shape, reward: { scale: 'correctness' } })
  for (const each of [config, other]) await runInProcess({ home, config: each })
  return { home, config, other, outcome: outcomeOf(home, config.name, config.steps) }
}

async function unsound(home: string, name: string, what: string): Promise<string[]> {
  const { findings } = await examineRun(home, name)
  return findings.map(({ place, message }) => `${what}: verify found ${place}: ${message}`)
}

/** One file at a time, whole again afterwards. */
function hurtEach(options: { undisturbed: Undisturbed; how: Wound; count: number; seed: number }) {
  const { undisturbed, how, count, seed } = options
  const { home, config } = undisturbed
  const random = stream(seed, `corruption ${how}`)
  const files = filesByKind(runFolder(home, config.name))
  const missed: string[] = []
  const counts = new Map<FileKind, number>()
  for (let index = 0; index < count; index++) {
    const kind = fileKinds[index % fileKinds.length] as FileKind
    const among = files.get(kind) ?? []
    const path = among[random.integer(among.length, index)]
    if (path === undefined) throw new Error(`the run has no ${kind}`)
    const undo = wound(path, how, random, index)
    try {
      const where = path.slice(home.length + 1)
      if (!isRefused({ home, config, path })) missed.push(`${how} ${index} in ${where}: read as if it were whole`)
      else if (!isTold({ home, config, path })) missed.push(`${how} ${index} in ${where}: verify does not tell of it`)
    } finally {
      undo()
    }
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return { missed, byKind: [...counts].map(([kind, many]) => `${many} ${kind}`).join(', ') }
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
