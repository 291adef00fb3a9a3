/**
 * Trials of a probe: each trains a fresh model of one seed in some way, and says what became of the log-probabilities of two sequences.
 * Two trials are equal if they differ by little more than two that are the same. So no trial needs to know how a server's optimizer
 * computes, nor how exact its numbers are.
 */
import { RlevError } from '../../../pipelines/errors.js'
import type { TinkerClient } from '../client.js'
import type { AdamStep, Calling, Datum } from '../types.js'

export interface ProbeOptions extends Calling {
  client: TinkerClient
  baseModel: string
  /** Names of checkpoints begin with it. Two probes of a server need two. */
  name: string
}

/** Text without meaning, of ids that every vocabulary has. */
const long = { prompt: [311, 223, 137, 241], response: [201, 99, 184, 302, 77, 256, 118, 345] }
const short = { prompt: [153, 329, 231], response: [88, 264, 171] }
const half = long.response.length / 2

export const probePrompt: readonly number[] = long.prompt

/** AdamW moves each number by about the rate, so that a step is seen in the log-probabilities of any model. */
export const probeAdam: AdamStep = {
  learningRate: 1e-3,
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: null,
}

/** The long sequence, its halves (by weights of 0 on the other one), and the short one. */
export type Part = 'long' | 'first half' | 'second half' | 'short'

const tokensOf = (part: Part): number =>
  ({ long: long.response.length, 'first half': half, 'second half': half, short: short.response.length })[part]

/** A model of a probe, and how many requests it had. */
export class ProbedModel {
  readonly id: string
  readonly #options: ProbeOptions
  #requests = 0

  private constructor(options: ProbeOptions, id: string) {
    this.#options = options
    this.id = id
  }

  /** `state`: loaded before anything else. */
  static async open(options: ProbeOptions, sessionId: string, state?: string): Promise<ProbedModel> {
    const { client, baseModel, name: _, ...calling } = options
    const { modelId } = await client.createModel({ ...calling, sessionId, modelSeqId: 0, baseModel, rank: 4, seed: 7 })
    const model = new ProbedModel(options, modelId)
    if (state !== undefined) await client.loadState({ ...model.next, path: state })
    return model
  }

  get next(): { modelId: string; seqId: number } & Calling {
    const { signal, onWait } = this.#options
    return { modelId: this.id, seqId: ++this.#requests, signal, onWait }
  }

  /** Log-probabilities of both sequences, in one list. */
  async measure(): Promise<number[]> {
    return (await this.#passed()).flat()
  }

  /** `asMean`: with the factors for a mean of means over so many data. `twice`: the request is sent again under its number. */
  async gradient(
    parts: readonly Part[],
    { asMean = null, twice = false }: { asMean?: number | null; twice?: boolean } = {},
  ): Promise<void> {
    const [ofLong = [], ofShort = []] = await this.#passed()
    const data = parts.map(part => {
      const factor = asMean === null ? 1 : tokensOf(part) * asMean
      return trainedDatum(part, { factor, logProbs: part === 'short' ? ofShort : ofLong })
    })
    const request = { ...this.next, data, loss: 'importance_sampling' } as const
    await this.#options.client.forwardBackward(request)
    if (twice) await this.#options.client.forwardBackward(request)
  }

  step(adam: AdamStep = probeAdam): Promise<Record<string, number>> {
    return this.#options.client.optimStep({ ...this.next, adam })
  }

  saveState(): Promise<string> {
    return this.#named(
      this.#options.client.saveState({ ...this.next, name: `${this.#options.name}-${this.#requests}` }),
    )
  }

  saveSampler(): Promise<string> {
    return this.#named(
      this.#options.client.saveSampler({ ...this.next, name: `${this.#options.name}-${this.#requests}` }),
    )
  }

  async close(): Promise<void> {
    await this.#options.client.unloadModel(this.id, { onWait: this.#options.onWait }).catch(() => {})
  }

  async #named(saved: Promise<string | null>): Promise<string> {
    const path = await saved
    if (path !== null) return path
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'another probe has saved under this name',
      place: this.id,
      remedy: 'probe again',
    })
  }

  async #passed(): Promise<number[][]> {
    return (await this.#options.client.forward({ ...this.next, data: [datumOf(long), datumOf(short)] })).logProbs
  }
}

/** The ratio is to the model's own log-probabilities, and so 1. Coefficients differ by position, so that no half is like the other. */
function trainedDatum(part: Part, { factor, logProbs }: { factor: number; logProbs: readonly number[] }): Datum {
  const { inputs, targets, weights } = datumOf(part === 'short' ? short : long)
  const first = weights.indexOf(1)
  const counts = (place: number) =>
    place >= first && (part === 'first half' ? place < first + half : part !== 'second half' || place >= first + half)
  return {
    inputs,
    targets,
    weights: weights.map((_, place) => (counts(place) ? 1 : 0)),
    logProbs,
    advantages: weights.map((_, place) => (counts(place) ? factor * (place % 2 === 0 ? 1 : -0.5) : 0)),
  }
}

function datumOf({ prompt, response }: typeof long): Datum {
  const tokens = [...prompt, ...response]
  const weights = [...prompt.slice(1).map(() => 0), ...response.map(() => 1)]
  return { inputs: tokens.slice(0, -1), targets: tokens.slice(1), weights }
}

/** ||a - b|| */
export function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] as number)))
}
