/**
 * What durability costs where nothing fails: the same training as a run and called directly, in turn, on steps of about a second.
 * Both train the same bits, which is checked; the first step, which compiles, is left out of both.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readMetrics, readResult } from '../../../activities/store/runs/runs.js'
import { libraryPath } from '../../../commands/services/workers.js'
import type { Plan } from '../../../pipelines/config/schema.js'
import { median } from '../../bench/statistics.js'
import { type DrillHome, runToEnd } from '../drill-home.js'
import { workerLog } from '../left-behind.js'
import type { DirectResult } from './direct.js'
import { type Processors, processorsAStep, processorsOf } from './processors.js'
import { partsOfSteps, type StepParts } from './step-parts.js'
import { figurePlan } from './workload.js'

/** How training is cut into activities. */
export const cuts = {
  'separate stages': { stepsPerActivity: 1, separateStages: true },
  '1 in an activity': { stepsPerActivity: 1 },
  '20 in an activity': { stepsPerActivity: 20 },
} as const
export type Cut = keyof typeof cuts

export interface DurableResult {
  /** Of each step but the first, from one step's metrics to the next one's. (ms) */
  steps: number[]
  /** What each of them consists of; empty if steps are not single activities. */
  parts: StepParts[]
  /** Of each process for a step. (ms) */
  processors: Processors
}

export interface Overhead {
  steps: number
  /** Of each round. */
  direct: DirectResult[]
  /** By the cut. */
  durable: Map<Cut, DurableResult[]>
  /** Whether every training of every kind ended with the same weights. */
  sameWeights: boolean
}

/** The default policy, with so many prompts that a step takes about 0.8 s; everything about durability as it is by default. */
export function overheadPlan({ cut, ...run }: { name: string; seed: number; steps: number; cut: Cut }): Plan {
  return figurePlan({ ...run, prompts: 640, durability: cuts[cut] })
}

export async function measureOverhead({
  home,
  seed,
  steps,
  rounds,
  of,
  say,
}: {
  home: DrillHome
  seed: number
  steps: number
  rounds: number
  of: readonly Cut[]
  say: (line: string) => void
}): Promise<Overhead> {
  const direct: DirectResult[] = []
  const durable: Overhead['durable'] = new Map(of.map(cut => [cut, []]))
  const weights = new Set<string>()
  for (let round = 1; round <= rounds; round++) {
    const called = await callDirectly(overheadPlan({ name: 'direct', seed, steps, cut: '20 in an activity' }))
    direct.push(called)
    weights.add(called.weights)
    const shown = [`direct ${median(called.steps).toFixed(0)} ms a step`]
    for (const [cut, results] of durable) {
      const plan = overheadPlan({ name: `overhead-${round}-${cut.replaceAll(' ', '-')}`, seed, steps, cut })
      const result = await runDurably(home, plan, steps)
      results.push(result)
      weights.add(readResult(home.path, plan.name)?.weights ?? 'none')
      shown.push(`${cut} ${median(result.steps).toFixed(0)} ms`)
    }
    say(`round ${round}: ${shown.join(', ')}`)
  }
  return { steps, direct, durable, sameWeights: weights.size === 1 }
}

async function runDurably(home: DrillHome, plan: Plan, steps: number): Promise<DurableResult> {
  const folder = runFolder(home.path, plan.name)
  const path = (step: number) => experimentPaths.metrics(folder, step)
  const seen: { step: number; processors: Processors }[] = []
  const turn = async () => {
    const next = seen.length === 0 ? 1 : steps
    if (seen.length < 2 && existsSync(path(next))) seen.push({ step: next, processors: processorsOf(home) })
  }
  const failure = await runToEnd({ home, plan, limit: 600, turn, mayHaveEnded: () => existsSync(path(steps)) })
  if (failure !== null) throw new Error(failure)
  const [first, last] = seen
  const keptAt = (kind: 'rollout' | 'records' | 'metrics', step: number) =>
    statSync(experimentPaths[kind](folder, step), { throwIfNoEntry: false })?.mtimeMs ?? null
  const at = (step: number) => keptAt('metrics', step) ?? Number.NaN
  const metrics = readMetrics(home.path, plan.name)
  const samplings = workerLog(home).filter(({ run, message }) => run === plan.name && message === 'sampling')
  const sampledFrom = (step: number) => {
    const began = samplings.find(entry => entry.step === step)
    return began === undefined ? null : Date.parse(began.time)
  }
  const history = await home.history(plan.name)
  return {
    steps: Array.from({ length: steps - 1 }, (_, index) => at(index + 2) - at(index + 1)),
    parts: partsOfSteps({ history, metrics, keptAt, sampledFrom }).map(({ parts }) => parts),
    processors: processorsAStep(first?.processors ?? {}, last?.processors ?? {}, steps - 1),
  }
}

/** As workers are started: on a busy machine Linux divides the processor among sessions. */
async function outputOf(call: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, call, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  try {
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
    if (status !== 0) throw new Error(`direct training ended with ${status}`)
    return output
  } finally {
    process.off('exit', end)
  }
}

/** In a separate process, with the one thread that a policy worker without a card has. */
async function callDirectly(plan: Plan): Promise<DirectResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-direct-'))
  try {
    const file = join(folder, 'config.json')
    writeFileSync(file, JSON.stringify(plan.kind === 'experiment' ? plan.config : null))
    const script = fileURLToPath(new URL('./direct.js', import.meta.url))
    const env = { ...process.env, ...libraryPath(), TF_NUM_INTRAOP_THREADS: '1' }
    return JSON.parse((await outputOf([script, file], env)).trim().split('\n').at(-1) ?? '') as DirectResult
  } finally {
    rmSync(folder, { recursive: true })
  }
}
