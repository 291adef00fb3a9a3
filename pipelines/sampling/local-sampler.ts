/** A policy of this process as a sampler: responses by generate.ts, log-probabilities by teacher-forced passes. */
import { logProbsOf } from '../engine/log-probabilities.js'
import type { BatchLimits, Sequence } from '../engine/response-batch.js'
import type { Policy } from '../model/policy.js'
import { stream } from '../random.js'
import type { PolicyTokenizer } from '../tokenizer/tokenizer.js'
import { generate } from './generate.js'
import type { Generated, MeasureOptions, SampleOptions, Sampler } from './sampler.js'

export class LocalSampler implements Sampler {
  readonly policy: Policy

  constructor(policy: Policy) {
    this.policy = policy
  }

  get tokenizer(): PolicyTokenizer {
    return this.policy.tokenizer
  }

  /** A token's uniform number is a function of the series, the row's draw and the token's position. */
  sample({ rows, series: { purpose, seed }, ...how }: SampleOptions): Promise<Generated[]> {
    const { uniform } = stream(seed, purpose)
    return generate({
      policy: this.policy,
      prompts: rows.map(({ promptTokens }) => promptTokens),
      uniforms: (row, position) => {
        const draw = rows[row]?.draw ?? null
        if (draw === null) return null
        const [first, second, third] = draw
        return third === undefined ? uniform(first, second, position) : uniform(first, second, third, position)
      },
      ...how,
    })
  }

  /** Calls `hooks.tick` after every part of `together` sequences. */
  async logProbabilities(
    sequences: readonly Sequence[],
    { rollout: { prompts, samples, maxTokens, temperature }, together, hooks, note }: MeasureOptions,
  ): Promise<number[][]> {
    // A part may start and end within the samples of a prompt.
    const limits: BatchLimits = {
      prompts: Math.min(prompts, Math.ceil(together / samples) + 1),
      samples,
      tokens: maxTokens,
    }
    const found: number[][] = []
    for (let first = 0; first < sequences.length; first += together) {
      found.push(...logProbsOf(this.policy, sequences.slice(first, first + together), { temperature, limits }))
      await hooks.tick({ done: found.length, of: sequences.length, note })
    }
    return found
  }
}
