/**
 * Drill 3: the network between the workers and their two servers. Points, runs and whole experiments go through proxies that
 * cut, delay, answer 503 after the commit and are down; the servers' own records then say what was lost, doubled or left over.
 */
import { TestServices } from '../../test/services.js'
import { runExperiments } from './network/experiments.js'
import { makeLateRuns } from './network/late-runs.js'
import { type PointsFound, trackPoints } from './network/points.js'
import { type Counts, faults, type Rates, struck } from './proxies/faults.js'
import type { DrillResult } from './result.js'

export interface NetworkOptions {
  seed: number
  /** Less of everything, for a test. */
  short?: boolean
  say: (line: string) => void
}

const afterCommit: Rates = { unavailable: 0.2 }
const resets: Rates = { cutBefore: 0.07, cutAfter: 0.07, cutWithin: 0.06 }
const lateCreations: Rates = { delay: 0.7, longestDelay: 1500 }

export async function run({ seed, short = false, say }: NetworkOptions): Promise<DrillResult> {
  const result: DrillResult = { name: 'network', passed: false, cases: 0, failures: [], figures: {} }
  const services = await TestServices.start({ temporal: false, mlflow: true })
  try {
    const mlflow = services.services.mlflow.url
    const points = short ? 1000 : 10_000
    for (const [name, rates] of [['503-after-commit', afterCommit] as const, ['resets', resets] as const]) {
      const found = await trackPoints({ name, mlflow, points, rates, seed })
      say(`${name}: ${pointsText(found)}`)
      add(result, found, struck(found.counts))
      Object.assign(result.figures, pointsFigures(name, found))
    }
    const late = await makeLateRuns({ name: 'late', mlflow, runs: short ? 5 : 30, rates: lateCreations, seed })
    say(`late creations: ${late.runs} runs, ${late.made} made, ${late.failures.length} failures`)
    add(result, late, late.runs)
    Object.assign(result.figures, { late_runs: late.runs, late_runs_made: late.made })
    const lost = await makeLateRuns({ name: 'lost', mlflow, runs: short ? 5 : 30, rates: { unavailable: 1 }, seed })
    say(`creations answered 503: ${lost.runs} runs, ${lost.made} made, ${lost.failures.length} failures`)
    add(result, lost, lost.runs)
    Object.assign(result.figures, { lost_answers_runs: lost.runs, lost_answers_runs_made: lost.made })
  } finally {
    await services.stop()
  }
  const size = short ? { steps: 6, experiments: 1, outages: 1 } : { steps: 30, experiments: 3, outages: 4 }
  const found = await runExperiments({ seed, say, ...size })
  say(`before MLflow: ${countsText(found.mlflow)}`)
  say(`before Temporal: ${countsText(found.temporal)}`)
  say(`to the result: MLflow there ${found.thereSeconds.toFixed(1)} s, away ${found.awaySeconds.toFixed(1)} s`)
  add(result, found, found.experiments)
  Object.assign(result.figures, {
    experiments: found.experiments,
    points_an_experiment: found.points,
    mlflow_requests: found.mlflow.requests,
    mlflow_faults: struck(found.mlflow),
    temporal_pieces: found.temporal.requests,
    temporal_faults: struck(found.temporal),
    mlflow_there_seconds: found.thereSeconds,
    mlflow_away_seconds: found.awaySeconds,
  })
  return { ...result, passed: result.failures.length === 0 }
}

function add(result: DrillResult, { failures }: { failures: readonly string[] }, cases: number): void {
  result.failures.push(...failures)
  result.cases += cases
}

function pointsText(found: PointsFound): string {
  const { expected, lost, doubled, ghosts, attempts, seconds, counts } = found
  return `${expected} points, ${lost} lost, ${doubled} doubled, ${ghosts} ghost runs; ${countsText(counts)}; ${attempts} further attempts, ${seconds.toFixed(0)} s`
}

function countsText(counts: Counts): string {
  const parts = faults.filter(fault => counts[fault] > 0).map(fault => `${counts[fault]} ${fault}`)
  return [`${counts.requests} requests`, ...parts, `${counts.delayed} delayed`, `${counts.outages} outages`].join(', ')
}

function pointsFigures(name: string, found: PointsFound): Record<string, number> {
  const { expected, lost, doubled, ghosts, attempts, seconds, counts } = found
  const key = name.replaceAll('-', '_')
  const figures = {
    points: expected,
    lost,
    doubled,
    ghosts,
    attempts,
    seconds,
    requests: counts.requests,
    faults: struck(counts),
  }
  return Object.fromEntries(Object.entries(figures).map(([figure, value]) => [`${key}_${figure}`, value]))
}
