/**
 * What durability costs where nothing fails: the same training as a run and called directly, in turn, on steps of about a second.
 * Both train the same bits, which is checked; the first step, which compiles, is left out of both.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readResult } from '../../../activities/store/runs/runs.js'
import { libraryPath } from '../../../commands/services/workers.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import { type DrillHome, runToEnd } from '../drill-home.js'
import type { DirectResult } from './direct.js'
import { figurePlan } from './workload.js'

/** Seconds a step, of each round. */
export interface Overhead {
  steps: number
  direct: number[]
  /** By steps in one activity. */
  durable: Record<number, number[]>
  /** Whether every training of every kind ended with the same weights. */
  sameWeights: boolean
}

/** The default policy, with so many prompts that a step takes about a second; everything about durability as it is by default. */
export function overheadPlan({
  stepsPerActivity,
  ...run
}: {
  name: string
  seed: number
  steps: number
  stepsPerActivity: number
}): Plan {
  return figurePlan({ ...run, prompts: 320, durability: { stepsPerActivity } })
}

export async function measureOverhead({
  home,
  seed,
  steps,
  rounds,
  say,
}: {
  home: DrillHome
  seed: number
  steps: number
  rounds: number
  say: (line: string) => void
}): Promise<Overhead> {
  const cuts = [1, 20] as const
  const direct: number[] = []
  const durable: Overhead['durable'] = { 1: [], 20: [] }
  const weights = new Set<string>()
  for (let round = 1; round <= rounds; round++) {
    const called = await callDirectly(overheadPlan({ name: 'direct', seed, steps, stepsPerActivity: 20 }))
    direct.push(called.secondsPerStep)
    weights.add(called.weights)
    for (const stepsPerActivity of cuts) {
      const plan = overheadPlan({ name: `overhead-${round}-${stepsPerActivity}`, seed, steps, stepsPerActivity })
      const failure = await runToEnd({ home, plan, limit: 600, turn: async () => {} })
      if (failure !== null) throw new Error(failure)
      durable[stepsPerActivity]?.push(secondsPerStep(home, plan.name, steps))
      weights.add(readResult(home.path, plan.name)?.weights ?? 'none')
    }
    const shown = cuts.map(cut => `${cut} a step's activity: ${durable[cut]?.at(-1)?.toFixed(3)} s`)
    say(`round ${round}: direct ${direct.at(-1)?.toFixed(3)} s a step, ${shown.join(', ')}`)
  }
  return { steps, direct, durable, sameWeights: weights.size === 1 }
}

function secondsPerStep(home: DrillHome, name: string, steps: number): number {
  const folder = runFolder(home.path, name)
  const kept = (step: number) => statSync(experimentPaths.metrics(folder, step)).mtimeMs
  return (kept(steps) - kept(1)) / 1000 / (steps - 1)
}

/** In a separate process, with the one thread that a policy worker without a card has. */
async function callDirectly(plan: Plan): Promise<DirectResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-direct-'))
  try {
    const file = join(folder, 'config.json')
    writeFileSync(file, JSON.stringify(plan.kind === 'experiment' ? plan.config : null))
    const script = fileURLToPath(new URL('./direct.js', import.meta.url))
    const env = { ...process.env, ...libraryPath(), TF_NUM_INTRAOP_THREADS: '1' }
    const { stdout } = await promisify(execFile)(process.execPath, [script, file], { env })
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as DirectResult
  } finally {
    rmSync(folder, { recursive: true })
  }
}
