/** The base model of a server, which is never trained: reference of the divergence, and the policy where nothing is trained. */
import type { Sequence } from '../../../pipelines/engine/response-batch.js'
import type { Generated, MeasureOptions, SampleOptions, Sampler } from '../../../pipelines/sampling/sampler.js'
import type { PolicyTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import { baseLogProbabilities, type ServedSource, sampleRows } from './served-sampling.js'

export class BaseModelSampler implements Sampler {
  readonly #from: ServedSource

  constructor(from: ServedSource) {
    this.#from = from
  }

  get tokenizer(): PolicyTokenizer {
    return this.#from.tokenizer
  }

  sample(options: SampleOptions): Promise<Generated[]> {
    return sampleRows(this.#from, options)
  }

  logProbabilities(sequences: readonly Sequence[], { hooks, note }: MeasureOptions): Promise<number[][]> {
    return baseLogProbabilities(this.#from, { sequences, hooks, note })
  }
}
