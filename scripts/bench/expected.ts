/** How long a bench takes, before it begins and while it runs. */
import { formatEstimate } from '../../commands/text/format.js'
import { type CandidateDescription, candidatesFor } from './candidates/candidates.js'
import type { TimedMeasure } from './limit.js'
import type { BenchOptions } from './options.js'
import type { Size, SizeName } from './sizes.js'

/** Seconds of the first call of a measure in a process, and of a later one. */
type Calls = Record<TimedMeasure, readonly [first: number, later: number]>

const calls = (
  generate: Calls['generate'],
  unequal: Calls['unequal'],
  update: Calls['update'],
  step: Calls['step'],
): Calls => ({ generate, unequal, update, step })

/** On the machines of docs/performance.md, with 2 cores; of the recorded engine and of peers in float32. */
const expected: Record<SizeName, { own: Calls; peer?: Calls }> = {
  tiny: { own: calls([0.9, 0.03], [0.7, 0.03], [1.3, 0.02], [1.2, 0.05]) },
  small: {
    own: calls([4, 0.4], [4, 0.3], [4.5, 0.3], [4, 0.7]),
    peer: calls([0.7, 0.5], [0.4, 0.5], [0.5, 0.4], [2.2, 1]),
  },
  medium: {
    own: calls([6, 1.2], [5.3, 0.8], [9, 1.2], [7, 2.2]),
    peer: calls([3.5, 1.5], [1.5, 1.5], [3.5, 1.5], [7, 4]),
  },
  smollm2: {
    own: calls([8, 3.5], [3, 2.5], [11, 6], [16, 7.5]),
    peer: calls([8, 7.6], [8, 7.6], [15, 15.5], [62, 57]),
  },
}

/** Start of a process, and a measure of the machine. (s) */
const start = { own: 4, peer: 12 }
const peak = 4

/** Calls of a search for the fastest settings. */
const tuning = {
  own: { generate: 9, unequal: 9, update: 9, step: 0 },
  peer: { generate: 12, unequal: 9, update: 18, step: 12 },
}

/** Seconds of everything that is measured of policies. */
export function expectedSeconds(options: BenchOptions): number {
  return sum(
    options.sizes.flatMap(size => candidatesFor(options, size).map(candidate => secondsOf(candidate, size, options))),
  )
}

function secondsOf(candidate: CandidateDescription, size: Size, { rounds, tune }: BenchOptions): number {
  const { name, measures } = candidate
  if (size.alone) {
    const parts = [measures.filter(measure => measure !== 'step'), measures.filter(measure => measure === 'step')]
    const turns = parts.filter(({ length }) => length > 0)
    return rounds * sum(turns.map(measures => secondsOfTurn({ name, measures }, size)))
  }
  const kind = kindOf(name)
  const measuring = measures.map(measure => {
    if (measure === 'peak') return peak * (3 + rounds)
    const [first, later] = expected[size.name][kind]?.[measure] ?? [0, 0]
    return first + (2 + rounds + (tune ? tuning[kind][measure] : 0)) * later
  })
  return start[kind] + sum(measuring)
}

/** Of a process that makes two calls of each measure. */
export function secondsOfTurn({ name, measures }: Pick<CandidateDescription, 'name' | 'measures'>, size: Size): number {
  const kind = kindOf(name)
  const calls = measures.map(measure => {
    if (measure === 'peak') return 2 * peak
    const [first, later] = expected[size.name][kind]?.[measure] ?? [0, 0]
    return first + later
  })
  return start[kind] + sum(calls)
}

const kindOf = (name: CandidateDescription['name']): 'own' | 'peer' =>
  name.startsWith('rlev') || name === 'TensorFlow' ? 'own' : 'peer'

const sum = (parts: readonly number[]): number => parts.reduce((total, part) => total + part, 0)

export const expectedText = (seconds: number): string => `${formatEstimate(seconds)} on an idle machine with 2 cores`

/** How much is left, from the time that was taken so far. */
export class TimeLeft {
  readonly #began = performance.now()
  readonly #expected: readonly number[]

  /** Of each part, in any unit. */
  constructor(expected: readonly number[]) {
    this.#expected = expected
  }

  /** `, about 3 min left` when so many parts are done; nothing before the first one is. */
  after(done: number): string {
    return done === 0 ? '' : `, ${formatEstimate(this.#pace(done) * sum(this.#expected.slice(done)))} left`
  }

  /** Seconds from the beginning to the end of the part after so many. */
  passedWith(done: number): number {
    return this.#passed() + (done === 0 ? 1 : this.#pace(done)) * (this.#expected[done] ?? 0)
  }

  #passed(): number {
    return (performance.now() - this.#began) / 1000
  }

  #pace(done: number): number {
    return this.#passed() / sum(this.#expected.slice(0, done))
  }
}
