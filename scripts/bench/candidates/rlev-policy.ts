/**
 * rlev's side of the bench: the functions that a run calls, on a random policy of the requested size. It
 * measures sampling by `generate`, an update by `policyGradientStep`, and a whole step by `rollOut`, a reward,
 * the estimator and the update.
 *
 * The end is the last token of the vocabulary. The largest uniform number draws it at the planned position, however
 * many tokens share the probability; numbers below 0.9 elsewhere never do. The decoder does not know the plan.
 */
import { performance } from 'node:perf_hooks'
import { advantages } from '../../../pipelines/advantages/advantages.js'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import { groupRecords } from '../../../pipelines/advantages/records.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import type { Item } from '../../../pipelines/data/item.js'
import { createOptimizer, type Optimizer } from '../../../pipelines/model/optimizer-state.js'
import type { Policy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { stream } from '../../../pipelines/random.js'
import type { Response, Rollout } from '../../../pipelines/rollout/response.js'
import { rollOut } from '../../../pipelines/rollout/roll-out.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../../pipelines/training/policy-gradient.js'
import type { EngineName } from '../engine.js'
import { rowsOf, type Size } from '../sizes.js'
import { promptTokens } from '../workload.js'
import type { Answer } from './protocol.js'
import { benchConfig, benchSeed, randomPolicy } from './random-policy.js'

export interface RlevSettings {
  /** Rows decoded together. */
  chunk: number
  /** Rows of a forward and backward pass. */
  microBatch: number
}

export interface Bench {
  size: Size
  lengths: readonly number[]
  config: ExperimentConfig
  policy: Policy
  /** The same weights. Its responses end only at the limit, of whatever numbers a whole step draws. */
  endless: Policy
  optimizer: Optimizer
  responses: readonly Response[]
  records: readonly StepRecord[]
  prompts: readonly number[][]
  steps: number
}

export function openBench({
  size,
  lengths,
  engine,
  lanes,
}: {
  size: Size
  lengths: readonly number[]
  engine: EngineName
  lanes?: number | undefined
}): Bench {
  const config = benchConfig({ size, engine, lanes })
  const policy = randomPolicy(size, config)
  const endless = { ...policy, tokenizer: { ...policy.tokenizer, eosIds: [-1] } }
  const prompts = promptTokens(size)
  const { integer } = stream(benchSeed, 'responses of the bench')
  const responses = prompts.flatMap((tokens, prompt) =>
    Array.from({ length: size.samples }, (_, sample): Response => {
      const completion = Array.from({ length: size.completionTokens }, (_, position) =>
        integer(size.vocabulary - 2, prompt, sample, position),
      )
      const logProbs = completion.map(() => -Math.log(size.vocabulary))
      return {
        itemId: `${prompt}`,
        sample,
        promptTokens: tokens,
        tokens: completion,
        text: '',
        logProbs,
        finish: 'length',
      }
    }),
  )
  const records = responses.map(({ itemId, sample, tokens }, row) =>
    recordOf({ itemId, sample, length: tokens.length, reward: row % 2, advantage: row % 2 === 0 ? 1 : -1 }),
  )
  const optimizer = createOptimizer(policy, config.update)
  return { size, lengths, config, policy, endless, optimizer, responses, records, prompts, steps: 0 }
}

export function withSettings(bench: Bench, { chunk, microBatch }: RlevSettings): ExperimentConfig {
  const { config } = bench
  return { ...config, rollout: { ...config.rollout, chunk }, update: { ...config.update, microBatch } }
}

/** Number of sampled tokens. Throws if a response has the wrong length. */
export async function sampleFixed(bench: Bench, settings: RlevSettings): Promise<Answer> {
  const { size } = bench
  return await sample({ bench, settings, lengths: new Array<number>(rowsOf(size)).fill(size.completionTokens) })
}

export async function sampleUnequal(bench: Bench, settings: RlevSettings): Promise<Answer> {
  return await sample({ bench, settings, lengths: bench.lengths })
}

async function sample({
  bench: { size, policy, prompts },
  settings,
  lengths,
}: {
  bench: Bench
  settings: RlevSettings
  lengths: readonly number[]
}): Promise<Answer> {
  const { uniform } = stream(benchSeed, 'uniforms of the bench')
  const limit = size.completionTokens
  const began = performance.now()
  const generated = await generate({
    policy,
    prompts: prompts.flatMap(tokens => new Array<number[]>(size.samples).fill(tokens)),
    uniforms: (row, position) => {
      const length = lengths[row] as number
      return position === length - 1 && length < limit ? 1 - 2 ** -24 : 0.9 * uniform(row, position)
    },
    maxTokens: limit,
    chunk: settings.chunk,
  })
  const seconds = (performance.now() - began) / 1000
  const wrong = generated.findIndex(({ tokens }, row) => tokens.length !== lengths[row])
  if (wrong !== -1) {
    throw new RangeError(`response ${wrong}: ${generated[wrong]?.tokens.length} tokens and not ${lengths[wrong]}`)
  }
  return { seconds, tokens: generated.reduce((sum, { tokens }) => sum + tokens.length, 0) }
}

/** Prompt and response tokens. */
export async function update(bench: Bench, settings: RlevSettings): Promise<Answer> {
  const { policy, optimizer, responses, records } = bench
  const config = withSettings(bench, settings)
  const began = performance.now()
  await policyGradientStep({
    policy: new LocalPolicy({ policy, optimizer }),
    responses,
    records,
    config,
    step: 1,
    hooks: noHooks,
  })
  return { seconds: (performance.now() - began) / 1000, tokens: tokensOf(bench) }
}

/** One step as in a run, on other prompts each time. */
export async function wholeStep(bench: Bench, settings: RlevSettings): Promise<Answer> {
  const { size, endless: policy, optimizer } = bench
  const config = withSettings(bench, settings)
  const step = ++bench.steps
  const prompts = promptTokens(size, step)
  const items = prompts.map(
    (tokens, index): Item => ({
      id: `${step}-${index}`,
      exam: 'bench',
      section: 'bench',
      prompt: policy.tokenizer.decode(tokens),
      answer: '',
      points: 1,
      total: 1,
      weight: 1,
    }),
  )
  const began = performance.now()
  const live = new LocalPolicy({ policy, optimizer })
  const rollout = await rollOut({ policy: live, items, config, step, hooks: noHooks })
  checkWork({ rollout, prompts, size })
  const records = scored(rollout, config)
  const { metrics } = await policyGradientStep({
    policy: live,
    responses: rollout.responses,
    records,
    config,
    step: 1,
    hooks: noHooks,
  })
  const seconds = (performance.now() - began) / 1000
  if (metrics['update/skipped'] !== 0) throw new RangeError('the step has no update because all its rewards are equal')
  return { seconds, tokens: tokensOf(bench) }
}

/** Throws if a prompt is another than planned, as tokens that text does not keep would make it, or a response has another length. */
function checkWork({
  rollout: { responses },
  prompts,
  size: { samples, completionTokens },
}: {
  rollout: Rollout
  prompts: readonly (readonly number[])[]
  size: Size
}): void {
  for (const [row, { promptTokens, tokens }] of responses.entries()) {
    const planned = prompts[Math.floor(row / samples)] ?? []
    if (promptTokens.join() !== planned.join()) throw new RangeError(`response ${row}: its prompt is not as planned`)
    if (tokens.length !== completionTokens) {
      throw new RangeError(`response ${row}: ${tokens.length} tokens and not ${completionTokens}`)
    }
  }
}

/**
 * A reward that differs between the samples of a prompt, which a random policy's verdicts do not: the sum of
 * the text's code points modulo 1009. Then almost no advantage is 0; rlev would leave such responses out, TRL
 * would not.
 */
function scored({ responses }: Rollout, { estimator }: ExperimentConfig): StepRecord[] {
  const records = responses.map(({ itemId, sample, text, tokens }) => {
    const reward = ([...text].reduce((sum, character) => sum + (character.codePointAt(0) as number), 0) % 1009) / 1009
    return recordOf({ itemId, sample, length: tokens.length, reward, advantage: 0 })
  })
  const estimated = advantages({ estimator, groups: groupRecords(records) }).flat()
  return records.map((record, row) => ({ ...record, advantage: estimated[row] as number }))
}

function recordOf(record: Pick<StepRecord, 'itemId' | 'sample' | 'length' | 'reward' | 'advantage'>): StepRecord {
  return { verdict: 'correct', value: 1, scale: 1, ...record }
}

function tokensOf({ size }: Bench): number {
  return rowsOf(size) * (size.promptTokens + size.completionTokens)
}
