/** What a plan will cost: responses and tokens counted from the config, and from them a time. */
import { evaluationSteps } from '../../pipelines/config/due-steps.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { warmStartKey } from '../../pipelines/config/start-order.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { type PolicySize, policySize } from './policy-size.js'

export interface Cost {
  experiments: number
  /** Different warm starts: arms of one seed share theirs, and its evaluation. */
  warmStarts: number
  /** Different score predictors, each of all its folds: shared by arms of one seed that have the same. */
  predictors: number
  /** `predicted`: scores that predictors say. */
  responses: { trained: number; evaluated: number; predicted: number }
  /** At most, each with one request: those with a final part whose verdict is not kept yet; 0 where rules decide. */
  judged: number
  /** At most: every response as long as `rollout.maxTokens`, every score as `value.predictor.maxTokens`. */
  tokens: { trained: number; evaluated: number; predicted: number; warmStart: number }
  /** At most, like the tokens. Undefined if a checkpoint cannot be read here. */
  seconds?: number
  basis: string
}

/**
 * Seconds on the machine that was measured, for a decoder of P weights and L layers. Small policies are bound by the number of
 * operations, large ones by P: a decoding position of a chunk costs `position` L + `sample` P rows, a micro-batch of training
 * `microBatch` L + 3 `learn` P tokens (forward, and twice that for backward). Matrices of a policy of at least `large` weights
 * are computed faster in training. `experiment`: its activities and checkpoints. Measured with policies of 0.1 M weights, and
 * with SmolLM2-135M.
 */
const measured = {
  position: 1.05e-3,
  microBatch: 12e-3,
  sample: 7e-11,
  learn: { small: 7e-11, large: 2.8e-11 },
  large: 50e6,
  experiment: 2.5,
}

/** Experiments that the machine's policy workers take at a time. */
const workers = 2

const basis =
  'counted from steps, prompts, samples, evaluations and their items; time from the pace of policies of 0.1 M and 135 M weights on 2 CPU cores, which take at most two experiments at a time; on another machine no more than an order of magnitude'

export interface ItemCounts {
  train: number
  test: number
  /** Of all further test sets. */
  transfer: number
}

export function countsOf({ train, test, transfer = {} }: DataSet): ItemCounts {
  return { train: train.length, test: test.length, transfer: Object.values(transfer).flat().length }
}

export function costOf(plan: Plan, items: ItemCounts): Cost {
  const configs = plan.kind === 'experiment' ? [plan.config] : plan.arms.map(({ config }) => config)
  const seeds = plan.kind === 'experiment' ? 1 : plan.settings.seeds.length
  const each = configs.map(config => trainingCost(config, items))
  const starts = distinct(configs, warmStartKey).map(config => startCost(config, items))
  const predictors = distinct(configs.filter(isPredicted), predictorKey).map(config => predictorCost(config, items))
  const all = [...each, ...starts, ...predictors]
  const sum = (read: (part: PartCost) => number) => seeds * all.reduce((total, part) => total + read(part), 0)
  const together = plan.kind === 'experiment' ? 1 : Math.min(workers, plan.settings.concurrency)
  const known = configs.every(({ policy }) => policySize(policy) !== undefined)
  return {
    experiments: seeds * configs.length,
    warmStarts: seeds * distinct(configs.filter(hasWarmStart), warmStartKey).length,
    predictors: seeds * predictors.length,
    responses: {
      trained: sum(({ trained }) => trained.responses),
      evaluated: sum(({ evaluated }) => evaluated.responses),
      predicted: sum(({ predicted }) => predicted.responses),
    },
    judged: sum(({ judged }) => judged),
    tokens: {
      trained: sum(({ trained }) => trained.tokens),
      evaluated: sum(({ evaluated }) => evaluated.tokens),
      predicted: sum(({ predicted }) => predicted.tokens),
      warmStart: sum(({ warmStartTokens }) => warmStartTokens),
    },
    ...(known ? { seconds: sum(({ seconds }) => seconds) / together } : {}),
    basis,
  }
}

/** What an experiment takes, in seconds of the machine that was measured. */
export interface Work {
  /** Its steps, and its evaluations after step 0. */
  training: number
  /** What comes before, made once for all experiments of a seed that have the same. */
  shared: readonly { key: string; seconds: number }[]
}

/** Undefined if the policy's checkpoint cannot be read here. */
export function workOf(config: ExperimentConfig, items: ItemCounts): Work | undefined {
  if (policySize(config.policy) === undefined) return undefined
  const shared = [{ key: warmStartKey(config), seconds: startCost(config, items).seconds }]
  if (isPredicted(config)) shared.push({ key: predictorKey(config), seconds: predictorCost(config, items).seconds })
  return { training: trainingCost(config, items).seconds, shared }
}

/** A stage's share of the cost. Its seconds mean something if the size of the policy is known. */
interface PartCost {
  trained: Sampled
  evaluated: Sampled
  predicted: Sampled
  judged: number
  warmStartTokens: number
  seconds: number
}

interface Sampled {
  responses: number
  /** At most. */
  tokens: number
}

const none: PartCost = {
  trained: { responses: 0, tokens: 0 },
  evaluated: { responses: 0, tokens: 0 },
  predicted: { responses: 0, tokens: 0 },
  judged: 0,
  warmStartTokens: 0,
  seconds: 0,
}

/** Of an experiment alone: its steps, and its evaluations after step 0. */
function trainingCost(config: ExperimentConfig, { test, transfer }: ItemCounts): PartCost {
  const { steps, rollout, evaluation, judge } = config
  const { maxTokens, chunk } = rollout
  const perStep = rollout.prompts * rollout.samples
  // At most: every round draws a whole step.
  const sampled = perStep * (1 + (rollout.dynamicSampling?.rounds ?? 0))
  const each = 1 + evaluation.samples
  // The evaluation of step 0 is the warm start's. Further test sets are evaluated at the last step.
  const tested = (evaluationSteps(config).length - 1) * test * each
  const evaluated = tested + (steps > 0 ? transfer * each : 0)
  const stepSeconds = decodeSeconds(config, { responses: sampled, maxTokens, chunk }) + updateSeconds(config, perStep)
  return {
    ...none,
    trained: { responses: steps * sampled, tokens: steps * sampled * maxTokens },
    evaluated: { responses: evaluated, tokens: evaluated * maxTokens },
    judged: judge === undefined ? 0 : tested + (judge.decides === 'everything' ? steps * sampled : 0),
    seconds:
      measured.experiment +
      steps * stepSeconds +
      decodeSeconds(config, { responses: evaluated, maxTokens, chunk: evaluation.chunk }),
  }
}

/** Of the updates of a step: every minibatch of every epoch is computed in its own micro-batches. */
function updateSeconds(config: ExperimentConfig, responses: number): number {
  const { ppo, microBatch, importanceCap } = config.update
  const { minibatches, epochs } = ppo ?? { minibatches: 1, epochs: 1 }
  // A forward pass costs a third of a forward and a backward one.
  const passes = epochs + (importanceCap === undefined || importanceCap === null ? 0 : 1 / 3)
  const batches = minibatches * Math.ceil(responses / minibatches / microBatch)
  return passes * learnSeconds(config, { batches, tokens: responses * config.rollout.maxTokens })
}

/** Of the warm start and the evaluation of it. */
function startCost(config: ExperimentConfig, { test, transfer }: ItemCounts): PartCost {
  const { rollout, evaluation, judge } = config
  const { maxTokens } = rollout
  const each = 1 + evaluation.samples
  const responses = (test + transfer) * each
  const { steps, batch } = warmStartOf(config)
  const warmStartTokens = steps * batch * maxTokens
  return {
    ...none,
    evaluated: { responses, tokens: responses * maxTokens },
    judged: judge === undefined ? 0 : test * each,
    warmStartTokens,
    seconds:
      learnSeconds(config, { batches: steps, tokens: warmStartTokens }) +
      decodeSeconds(config, { responses, maxTokens, chunk: evaluation.chunk }),
  }
}

/** Of a score predictor over its folds: each fold learns from the labelled share of the others and predicts the scores of its items. */
function predictorCost(config: ExperimentConfig, { train }: ItemCounts): PartCost {
  const { folds, labelled, epochs, batch, maxTokens } = config.value.predictor
  const shown = labelled * train * (1 - 1 / folds)
  return {
    ...none,
    predicted: { responses: train, tokens: train * maxTokens },
    seconds:
      learnSeconds(config, {
        batches: folds * epochs * Math.ceil(shown / batch),
        tokens: folds * epochs * shown * maxTokens,
      }) + decodeSeconds(config, { responses: train, maxTokens, chunk: config.evaluation.chunk }),
  }
}

function decodeSeconds(
  { policy }: ExperimentConfig,
  { responses, maxTokens, chunk }: { responses: number; maxTokens: number; chunk: number },
): number {
  const { layers, weights } = policySize(policy) ?? unknown
  const positions = Math.ceil(responses / chunk) * maxTokens
  return positions * layers * measured.position + responses * maxTokens * weights * measured.sample
}

function learnSeconds({ policy }: ExperimentConfig, { batches, tokens }: { batches: number; tokens: number }): number {
  const { layers, weights } = policySize(policy) ?? unknown
  const { small, large } = measured.learn
  const each = weights < measured.large ? small : large
  return batches * layers * measured.microBatch + 3 * tokens * weights * each
}

const unknown: PolicySize = { layers: 0, weights: 0 }

function distinct(configs: readonly ExperimentConfig[], key: (config: ExperimentConfig) => string): ExperimentConfig[] {
  return [...new Map(configs.map(config => [key(config), config])).values()]
}

/** A policy from a checkpoint has learned to answer already, unless its config asks for a warm start. */
const warmStartOf = ({ policy, warmStart }: ExperimentConfig): { steps: number; batch: number } =>
  policy.from === 'scratch' ? warmStart : (policy.warmStart ?? { steps: 0, batch: 0 })

const hasWarmStart = (config: ExperimentConfig): boolean => warmStartOf(config).steps > 0

const isPredicted = ({ value }: ExperimentConfig): boolean => value.ablation === 'predicted'

/** What decides a score predictor, besides the seed. */
function predictorKey(config: ExperimentConfig): string {
  const { adapter, microBatch, tokenBudget } = config.update
  return JSON.stringify([warmStartKey(config), config.value.predictor, adapter, microBatch, tokenBudget])
}
