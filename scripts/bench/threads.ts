/**
 * By the size of the policy: how many whole steps a second one policy worker takes with all threads, and how many one
 * for each core take together with one thread each. It decides from which size a run gets all threads
 * (commands/plan/threads.ts). Each way is measured in separate processes, and so is its memory.
 */
import { availableParallelism } from 'node:os'
import { formatEstimate } from '../../commands/text/format.js'
import { node } from './candidates/candidates.js'
import { Candidate } from './candidates/protocol.js'
import { TimeLeft } from './expected.js'
import { forStep, parametersOf, type Size, sizeOf } from './sizes.js'
import { median } from './statistics.js'
import type { Table } from './table.js'
import { plannedLengths, promptTokens } from './workload.js'

export interface MeasuredPolicy {
  size: Size
  /** Of measuring each way, after the first step. (s) */
  seconds: number
  /** Of both ways with the first steps, on an idle machine with 2 cores. (s) */
  expected: number
}

const batch = { prompts: 8, samples: 8, promptTokens: 64, completionTokens: 32 }
const wider = { ...sizeOf('medium'), ...batch }

const usual: readonly MeasuredPolicy[] = [
  { size: { ...sizeOf('tiny'), width: 48, mlpWidth: 128 }, seconds: 3, expected: 20 },
  { size: sizeOf('tiny'), seconds: 3, expected: 20 },
  { size: { ...sizeOf('small'), ...batch }, seconds: 4, expected: 26 },
  { size: wider, seconds: 5, expected: 32 },
  {
    size: { ...wider, width: 384, layers: 8, heads: 6, keyValueHeads: 6, mlpWidth: 1024, vocabulary: 8192 },
    seconds: 6,
    expected: 45,
  },
  {
    size: { ...wider, width: 512, layers: 12, heads: 8, keyValueHeads: 4, mlpWidth: 1408, vocabulary: 16_384 },
    seconds: 8,
    expected: 60,
  },
  { size: forStep(sizeOf('smollm2')), seconds: 12, expected: 105 },
]

interface Way {
  /** Steps a second, of all workers together. */
  speed: number
  /** Peak memory of all workers together. (bytes) Null where the system does not say. */
  peakBytes: number | null
}

export interface ThreadsMeasured {
  parameters: number
  /** One for each round. */
  rounds: { one: Way; many: Way }[]
}

export async function measureThreads({
  rounds,
  say,
  policies = usual,
}: {
  rounds: number
  say: (line: string) => void
  policies?: readonly MeasuredPolicy[]
}): Promise<ThreadsMeasured[]> {
  const cores = availableParallelism()
  const expected = policies.map(policy => rounds * policy.expected)
  say(`threads: ${formatEstimate(expected.reduce((sum, each) => sum + each, 0))} on an idle machine with 2 cores`)
  const left = new TimeLeft(expected)
  const measured: ThreadsMeasured[] = []
  for (const [index, { size, seconds }] of policies.entries()) {
    const parameters = parametersOf(size)
    say(`threads: ${millions(parameters)} M parameters${left.after(index)}`)
    const own: ThreadsMeasured = { parameters, rounds: [] }
    for (let round = 0; round < rounds; round++) {
      const one = await measureWay({ size, workers: 1, threads: cores, seconds })
      const many = await measureWay({ size, workers: cores, threads: 1, seconds })
      own.rounds.push({ one, many })
    }
    measured.push(own)
  }
  return measured
}

async function measureWay({
  size,
  workers,
  threads,
  seconds,
}: {
  size: Size
  workers: number
  threads: number
  seconds: number
}): Promise<Way> {
  const candidates = Array.from(
    { length: workers },
    () =>
      new Candidate({
        name: 'rlev recorded',
        ...node('rlev.js', 'recorded', '1'),
        environment: { TF_NUM_INTRAOP_THREADS: String(threads) },
      }),
  )
  try {
    const [prompts, lengths] = [promptTokens(size), plannedLengths(size)]
    const all = <Result>(work: (candidate: Candidate) => Promise<Result>) => Promise.all(candidates.map(work))
    await all(candidate => candidate.ask({ do: 'open', size, prompts, lengths, settings: {} }))
    // The first steps build the graphs, and the second take memory.
    for (let time = 0; time < 2; time++) await all(candidate => candidate.ask({ do: 'step' }))
    const speeds = await all(candidate => speedOf(candidate, seconds))
    const peaks = candidates.flatMap(({ peakBytes }) => peakBytes ?? [])
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
    return { speed: sum(speeds), peakBytes: peaks.length === candidates.length ? sum(peaks) : null }
  } finally {
    for (const candidate of candidates) await candidate.close()
  }
}

/** Steps a second, of at least two steps. */
async function speedOf(candidate: Candidate, seconds: number): Promise<number> {
  const began = performance.now()
  const passed = () => (performance.now() - began) / 1000
  let steps = 0
  while (steps < 2 || passed() < seconds) {
    await candidate.ask({ do: 'step' })
    steps++
  }
  return steps / passed()
}

export function tableOfThreads(measured: readonly ThreadsMeasured[]): Table {
  const cores = availableParallelism()
  const memory = (ways: readonly Way[]) => {
    const peaks = ways.flatMap(({ peakBytes }) => peakBytes ?? [])
    return peaks.length === 0 ? '' : (Math.max(...peaks) / 2 ** 30).toFixed(2)
  }
  return {
    title: `whole steps a second of one policy worker with ${cores} threads, and of ${cores} together with one thread each`,
    head: [
      'parameters, M',
      'one worker',
      `${cores} workers`,
      'one / many (min to max)',
      'GiB of one',
      `GiB of ${cores}`,
    ],
    rows: measured.map(({ parameters, rounds }) => {
      const ratios = rounds.map(({ one, many }) => one.speed / many.speed)
      const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
      return [
        millions(parameters),
        median(rounds.map(({ one }) => one.speed)).toPrecision(3),
        median(rounds.map(({ many }) => many.speed)).toPrecision(3),
        `${median(ratios).toFixed(2)} (${range})`,
        memory(rounds.map(({ one }) => one)),
        memory(rounds.map(({ many }) => many)),
      ]
    }),
  }
}

const millions = (parameters: number): string => (parameters / 1e6).toPrecision(2)
