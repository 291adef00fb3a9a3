/** What a plan will cost: responses and tokens counted from the config, and from them a time. */
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'

export interface Cost {
  experiments: number
  /** Different warm starts: arms of one seed share theirs, and its evaluation. */
  warmStarts: number
  responses: { trained: number; evaluated: number }
  /** At most, each with one request: those with a final part whose verdict is not kept yet; 0 where rules decide. */
  judged: number
  /** At most: every response as long as `rollout.maxTokens`. */
  tokens: { trained: number; evaluated: number; warmStart: number }
  /** Undefined for a policy whose size is not in the config. */
  seconds?: number
  basis: string
}

/**
 * Seconds on the machine that was measured, for a decoder of P parameters and L layers. Small policies are bound by the number of
 * operations, large ones by P: a decoding position of a chunk costs `position` L + `work` P rows, a micro-batch of training
 * `microBatch` L + 3 `work` P tokens (forward, and twice that for backward). `experiment`: its activities and checkpoints.
 */
const measured = { position: 2.5e-3, microBatch: 15e-3, work: 8e-11, experiment: 3 }

const basis =
  'counted from steps, prompts, samples, evaluations and their items; time from the pace of the default policy on 2 CPU cores; on another machine no more than an order of magnitude'

/** `testItems`: of one evaluation. */
export function costOf(plan: Plan, { testItems }: { testItems: number }): Cost {
  const configs = plan.kind === 'experiment' ? [plan.config] : plan.arms.map(({ config }) => config)
  const seeds = plan.kind === 'experiment' ? 1 : plan.settings.seeds.length
  const each = configs.map(config => costOfOne(config, testItems))
  const starts = new Map(configs.map((config, index) => [startKey(config), each[index]]))
  const sum = (read: (cost: (typeof each)[number]) => number) => seeds * each.reduce((all, one) => all + read(one), 0)
  const startSum = (read: (cost: (typeof each)[number]) => number) =>
    seeds * [...starts.values()].reduce((all, one) => all + (one === undefined ? 0 : read(one)), 0)
  const known = each.every(({ seconds }) => seconds !== undefined)
  return {
    experiments: seeds * configs.length,
    warmStarts: seeds * starts.size,
    responses: {
      trained: sum(one => one.trained),
      evaluated: sum(one => one.evaluated) + startSum(one => one.evaluatedAtStart),
    },
    judged: sum(one => one.judged) + startSum(one => one.judgedAtStart),
    tokens: {
      trained: sum(one => one.trained * one.maxTokens),
      evaluated: sum(one => one.evaluated * one.maxTokens) + startSum(one => one.evaluatedAtStart * one.maxTokens),
      warmStart: startSum(one => one.warmStartTokens),
    },
    ...(known ? { seconds: sum(one => one.seconds ?? 0) + startSum(one => one.warmStartSeconds ?? 0) } : {}),
    basis,
  }
}

function costOfOne(config: ExperimentConfig, testItems: number) {
  const { steps, rollout, evaluation, warmStart, update } = config
  const { maxTokens } = rollout
  const trained = steps * rollout.prompts * rollout.samples
  // At every multiple of `every`, and at the last step; the one before training belongs to the warm start, and is shared with it.
  const evaluations = Math.ceil(steps / evaluation.every)
  const evaluatedAtStart = testItems * (1 + evaluation.samples)
  const evaluated = evaluations * evaluatedAtStart
  const warmStartTokens = warmStart.steps * warmStart.batch * maxTokens
  const { policy, judge } = config
  const judged = judge === undefined ? 0 : evaluated + (judge.decides === 'everything' ? trained : 0)
  const judgedAtStart = judge === undefined ? 0 : evaluatedAtStart
  const facts = { trained, evaluated, evaluatedAtStart, judged, judgedAtStart, maxTokens, warmStartTokens }
  if (policy.from !== 'scratch') return { ...facts, seconds: undefined, warmStartSeconds: undefined }
  const size = parametersOf(policy)
  const decode = (responses: number, chunk: number) =>
    Math.ceil(responses / chunk) * maxTokens * policy.layers * measured.position +
    responses * maxTokens * size * measured.work
  const learn = (batches: number, tokens: number) =>
    batches * policy.layers * measured.microBatch + 3 * tokens * size * measured.work
  const perStep = rollout.prompts * rollout.samples
  return {
    ...facts,
    seconds:
      measured.experiment +
      steps * (decode(perStep, rollout.chunk) + learn(Math.ceil(perStep / update.microBatch), perStep * maxTokens)) +
      evaluations * decode(evaluatedAtStart, evaluation.chunk),
    warmStartSeconds: learn(warmStart.steps, warmStartTokens) + decode(evaluatedAtStart, evaluation.chunk),
  }
}

/** Weights of the decoder without its embeddings, which cost no product. */
export function parametersOf(policy: Extract<ExperimentConfig['policy'], { from: 'scratch' }>): number {
  const { width, layers, heads, keyValueHeads, mlpWidth } = policy
  const attention = 2 * width * width * (1 + keyValueHeads / heads)
  return layers * (attention + 3 * width * mlpWidth)
}

/** What decides a warm start, besides the seed. */
function startKey({ data, policy, warmStart }: ExperimentConfig): string {
  return JSON.stringify([data, policy, warmStart])
}
