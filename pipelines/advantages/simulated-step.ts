/**
 * The factors of log pi that an arm would use, simulated before any policy exists: groups drawn over the actual values, with seeded
 * pass rates, verdicts and lengths that every arm shares. Wrong answers have the credit that the config gives them. Only the algebra of the
 * estimator is tested, not learning.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { given } from '../given.js'
import { stream } from '../random.js'
import { type CreditRules, creditOfWrong, partialRuleOf } from '../rewards/credit.js'
import { creditOf, type KeptMark, keptMark, markOf } from '../rewards/mark.js'
import { scaleOf, uniformScale } from '../rewards/scales.js'
import { drawnFor, filled } from '../rollout/dynamic-sampling.js'
import type { Finish } from '../rollout/response.js'
import { seenValues } from '../values/noise.js'
import type { ItemValue } from '../values/value.js'
import { advantages } from './advantages.js'
import { isDegenerate, type Sample } from './estimators/group.js'
import { plannedKlCoefficient } from './kl-schedule.js'
import { isMasked, overlongPenalty } from './overlong.js'
import { penalised } from './records.js'
import { type StepSignal, signalOf } from './transmission.js'

const SEED = 20251023
const GROUPS = 1024

/** A value with what its item deducts for a wrong answer. */
export type ValuedItem = ItemValue & Pick<Item, 'negative'>

/** `items` are in the order of the values. */
export function valuedItems(values: readonly ItemValue[], items: readonly Pick<Item, 'negative'>[]): ValuedItem[] {
  return values.map((value, index) => ({ ...value, ...given({ negative: items[index]?.negative }) }))
}

export interface SimulatedSample extends KeptMark {
  length: number
  /** A simulated response of the maximum length is cut. */
  finish?: Finish
  /** Divergence from the reference, in nats, of the order of one. */
  divergence: number
}

export interface SimulatedGroup {
  /** Index into the values. */
  item: number
  samples: readonly SimulatedSample[]
}

/** Batches of the arm's shape: batches x prompts, each prompt with `rollout.samples` samples. At least 1024 prompts. */
export function simulateGroups(
  values: readonly ValuedItem[],
  config: Pick<ExperimentConfig, 'rollout' | 'reward'>,
): SimulatedGroup[][] {
  const { prompts, samples, maxTokens } = config.rollout
  const random = stream(SEED, 'preflight')
  const batches = Math.ceil(GROUPS / prompts)
  return Array.from({ length: batches }, (_, number) =>
    stepGroups(config, (round, prompt) => {
      const batch = number + round * batches
      const passRate = random.uniform(batch, prompt, 0, 1)
      const item = random.integer(values.length, batch, prompt, 0, 2)
      const missed = (sample: number) =>
        missedCredit(values[item] as ValuedItem, config.reward, random.uniform(batch, prompt, sample, 6))
      return {
        item,
        samples: Array.from({ length: samples }, (_, sample) => ({
          ...keptMark(markOf(random.uniform(batch, prompt, sample, 3) < passRate ? 'correct' : missed(sample))),
          length: 1 + random.integer(maxTokens, batch, prompt, sample, 4),
          divergence: random.normal(batch, prompt, sample, 5),
        })),
      }
    }),
  )
}

/** The groups of a step: with dynamic sampling, after its rounds (rollout/dynamic-sampling.ts). Round 0 is a step without the option. */
function stepGroups(
  { rollout: { prompts, dynamicSampling } }: Pick<ExperimentConfig, 'rollout'>,
  groupOf: (round: number, prompt: number) => SimulatedGroup,
): SimulatedGroup[] {
  const hasSignal = ({ samples }: SimulatedGroup) => !isDegenerate(samples)
  const drawn = (round: number, count: number) => Array.from({ length: count }, (_, prompt) => groupOf(round, prompt))
  const made = [drawn(0, prompts)]
  for (let round = 1; round <= (dynamicSampling?.rounds ?? 0); round++) {
    const open = filled(made, hasSignal).filter(group => !hasSignal(group)).length
    if (open === 0) break
    made.push(drawn(round, drawnFor(open, prompts)))
  }
  return filled(made, hasSignal)
}

/** Of an answer that is not correct. Where the config gives partial credit, half of them are taken to choose half of the right options. */
function missedCredit(item: ValuedItem, rules: CreditRules, uniform: number): number {
  return partialRuleOf(item, rules) !== 'none' && uniform < 0.5 ? 0.5 : creditOfWrong(item, rules)
}

/**
 * The same from the responses of a policy to test items: each prompt of the run gets the verdicts and lengths of `rollout.samples` sampled
 * responses to one test item of its section, so each item needs at least as many. With a baseline that is common to the batch, as in
 * REINFORCE++, the transmission depends on how pass rates and lengths correlate with values, which is not known without a policy.
 */
export function answeredGroups({
  items,
  answered,
  config,
  groups = 4 * GROUPS,
  draw = '',
}: {
  /** Section of each item that is trained on, in the order of the values. */
  items: readonly { section: string }[]
  answered: readonly { section: string; samples: readonly Omit<SimulatedSample, 'divergence'>[] }[]
  config: Pick<ExperimentConfig, 'rollout'>
  /** Number of prompts, at least. */
  groups?: number
  /** Seeds the draw of the prompts. */
  draw?: string
}): SimulatedGroup[][] {
  const { prompts, samples: drawn } = config.rollout
  const random = stream(SEED, `answered preflight ${draw}`)
  const bySection = new Map<string, (typeof answered)[number][]>()
  for (const one of answered) bySection.set(one.section, [...(bySection.get(one.section) ?? []), one])
  const batches = Math.ceil(groups / prompts)
  return Array.from({ length: batches }, (_, number) =>
    stepGroups(config, (round, prompt) => {
      const batch = number + round * batches
      const item = random.integer(items.length, batch, prompt, 0)
      const pool = bySection.get(items[item]?.section ?? '') ?? []
      const samples = pool[random.integer(Math.max(1, pool.length), batch, prompt, 1)]?.samples ?? []
      return {
        item,
        samples: samples.slice(0, drawn).map(sample => ({ ...sample, divergence: 0 })),
      }
    }),
  )
}

/** Values as the arm's reward sees them. An ablation draws other values than the run will, from the same distribution. A score predictor counts as exact. */
export function valuesSeen(values: readonly ItemValue[], { value }: Pick<ExperimentConfig, 'value'>): number[] {
  const ablation = value.ablation === 'predicted' ? 'none' : value.ablation
  return seenValues(values, { ...value, ablation }, { seed: SEED }).map(seen => seen.value)
}

export interface SimulatedStep {
  /** s(x) of each value. */
  scales: readonly number[]
  /** What multiplies the loss gradient of each sample, batches, prompts and samples in order. */
  factors: readonly number[]
  /** Of each batch, for the transmission. */
  signals: readonly StepSignal[]
}

/** The arm's step over the simulated groups, with an epsilon close to 0, because the arms are compared up to epsilon. */
export function simulatedStep({
  values,
  batches,
  config,
}: {
  values: readonly ItemValue[]
  batches: readonly (readonly SimulatedGroup[])[]
  config: ExperimentConfig
}): SimulatedStep {
  return stepOver({ values, seen: valuesSeen(values, config), batches, without: withoutValue(batches, config), config })
}

/**
 * The simulated steps of the arms of one plan over its values. Arms that agree in what a part of the simulation depends on share that part,
 * so a sweep of hundreds of arms is simulated in seconds.
 */
export class Simulation {
  readonly #values: readonly ValuedItem[]
  readonly #parts = new Map<string, unknown>()

  constructor(values: readonly ValuedItem[]) {
    this.#values = values
  }

  stepOf(config: ExperimentConfig): SimulatedStep {
    const { estimator, kl, reward, value } = config
    const { prompts, samples, maxTokens, dynamicSampling } = config.rollout
    const values = this.#values
    const drawn = [prompts, samples, maxTokens, dynamicSampling, reward.partial, reward.wrongCredit]
    const plain = [drawn, estimator.name, kl.place === 'reward' ? plannedKlCoefficient(config) : 0, config.overlong]
    return this.#once(['step', plain, value, reward.scale, reward.alpha, reward.cap], () => {
      const batches = this.#once(['batches', drawn], () => simulateGroups(values, config))
      const without = this.#once(['without', plain], () => withoutValue(batches, config))
      const seen = this.#once(['seen', value], () => valuesSeen(values, config))
      return stepOver({ values, seen, batches, without, config })
    })
  }

  #once<Part>(key: readonly unknown[], make: () => Part): Part {
    const name = JSON.stringify(key)
    if (!this.#parts.has(name)) this.#parts.set(name, make())
    return this.#parts.get(name) as Part
  }
}

/** Of each batch: prompts x samples. */
type Factors = readonly (readonly number[])[]

/** The factors of each batch if every scale were 1. */
function withoutValue(batches: readonly (readonly SimulatedGroup[])[], config: ExperimentConfig): Factors[] {
  return batches.map(groups => factorsOf(groups, config, () => 1))
}

/** `seen`: the value of each item as the arm sees it. `without`: factors without values, as many batches. */
function stepOver(options: {
  values: readonly ItemValue[]
  seen: readonly number[]
  batches: readonly (readonly SimulatedGroup[])[]
  without: readonly Factors[]
  config: ExperimentConfig
}): SimulatedStep {
  const { values, seen, batches, without, config } = options
  const mean = config.reward.scale === 'uniform' ? uniformScale(values, config.reward) : undefined
  const scales = seen.map(value => scaleOf({ value, reward: config.reward, uniformScale: mean }))
  const factors: number[] = []
  const signals = batches.map((groups, batch) => {
    const withValue = factorsOf(groups, config, item => scales[item] ?? 1)
    for (const group of withValue) for (const factor of group) factors.push(factor)
    const rows = groups.map(({ item }, row) => ({
      value: seen[item] ?? 0,
      scale: scales[item] ?? 1,
      withValue: meanSize(withValue[row] ?? []),
      without: meanSize(without[batch]?.[row] ?? []),
    }))
    return signalOf(rows)
  })
  return { scales, factors, signals }
}

function factorsOf(
  groups: readonly SimulatedGroup[],
  config: ExperimentConfig,
  scaleOfItem: (item: number) => number,
): Factors {
  const {
    estimator: { name },
    value: { site },
  } = config
  const coefficient = config.kl.place === 'reward' ? plannedKlCoefficient(config) : 0
  const { overlong } = config
  const isPenalised = coefficient !== 0 || (overlong != null && overlong.buffer !== null)
  const estimated = advantages({
    estimator: { name, epsilon: 1e-12 },
    groups: groups.map(({ item, samples }) => {
      const scale = site === 'reward' ? scaleOfItem(item) : 1
      return samples.map(sample => {
        // What the estimators read, and no more: copies of whole samples took most of the time of a plan with many arms.
        const { verdict, credit, length } = sample
        const one: Sample = { verdict, length, reward: scale * creditOf(sample) }
        if (credit !== undefined) one.credit = credit
        if (isPenalised) {
          one.reward = penalised(one, coefficient * sample.divergence + overlongPenalty(length, config))
        }
        return one
      })
    }),
  })
  const masks = overlong?.mask === true
  return groups.map(({ item, samples }, row) => {
    const advantagesOf = estimated[row] ?? []
    const factor = site === 'reward' ? 1 : scaleOfItem(item)
    return samples.map((sample, column) => {
      const advantage = masks && isMasked(sample, config) ? 0 : (advantagesOf[column] ?? 0)
      return site === 'reward' ? advantage : factor * advantage
    })
  })
}

function meanSize(advantages: readonly number[]): number {
  return advantages.reduce((sum, advantage) => sum + Math.abs(advantage), 0) / Math.max(1, advantages.length)
}
