/** What a probe finds out about a Tinker server, as a record, in plain words, and as a digest for the provenance of a run. */
import { digest } from '../../../pipelines/config/digest.js'

export interface Findings {
  baseModel: string
  /** Whether requests of forward_backward before one optim_step add up, in whatever way they are cut. */
  accumulates: boolean
  /**
   * Of the loss of a step. `sum`: over all tokens of all data. `mean of means`: over data of Σ_t term / Σ_t weight. `other`: neither
   * makes the gradient of a sequence that of its parts.
   */
  reduction: 'sum' | 'mean of means' | 'other'
  /** A forward_backward that comes twice with one number. */
  resend: 'counted once' | 'counted again' | 'refused'
  /** Whether a state that is loaded into another model goes on as the model that saved it. */
  restoresMoments: boolean
  /** What sampling from a sampler older than the weights does. */
  olderSampler: 'apart' | 'written over the model' | 'follows the model' | 'refused'
  /** Targets that are not the next token of the input. */
  targets: 'free' | 'rebuilt from the input'
  honoursStop: boolean
  /** Of several samples of one request. */
  seeds: 'seed + i' | 'one for all' | 'ignored'
  /** optim_step without a gradient. */
  emptyStep: 'applied' | 'left out' | 'refused'
  /** Of tokens sampled at a temperature other than 1. */
  logProbs: 'untempered' | 'tempered'
  honoursEpsilon: boolean
  honoursClipNorm: boolean
  /** Whether equal requests to equal models give equal numbers. */
  sameBits: boolean
}

/**
 * Equal findings have equal digests, whatever the address. Whether bits are equal is left out: two trials may be equal by chance, so that one
 * server may be found either way.
 */
export function findingsDigest({ sameBits: _, ...findings }: Findings): string {
  return digest(findings)
}

export interface FindingLine {
  question: string
  found: string
  /** For a run. */
  meaning: string
}

/** In the order of the record. */
export function findingLines(found: Findings): FindingLine[] {
  const yes = (holds: boolean) => (holds ? 'yes' : 'no')
  const line = (question: string, answer: string, meaning: string) => ({ question, found: answer, meaning })
  return [
    line(
      'gradients of several requests add up',
      yes(found.accumulates),
      found.accumulates ? 'a step may have many rows' : 'no run: a step is sent in several requests',
    ),
    line(
      'loss of a step',
      found.reduction,
      {
        sum: 'coefficients are sent as they are',
        'mean of means': 'coefficients are sent times the length of the response and the number of rows',
        other: 'no run: no factor makes it a sum',
      }[found.reduction],
    ),
    line('a request that is sent twice', found.resend, 'without effect: rlev sends none twice that changes a model'),
    line(
      'a state restores the moments',
      yes(found.restoresMoments),
      found.restoresMoments
        ? 'a run goes on from a state as if nothing had been'
        : 'no run: it could not go on after a stop',
    ),
    line('sampling from an older sampler', found.olderSampler, 'without effect: rlev samples from the newest only'),
    line(
      'targets of any token',
      found.targets,
      found.targets === 'free' ? 'P(EOS) can be measured' : 'P(EOS) cannot be measured on the server',
    ),
    line(
      'stop is honoured',
      yes(found.honoursStop),
      found.honoursStop ? 'responses end at EOS' : 'no run: responses do not end',
    ),
    line(
      'seeds',
      found.seeds,
      {
        'seed + i': 'one request a response, with its own seed',
        'one for all': 'one request a response, with its own seed',
        ignored: 'arms are not paired by seed, and a step that was cut off may be sampled otherwise',
      }[found.seeds],
    ),
    line('optimizer step without gradient', found.emptyStep, 'without effect: rlev sends none'),
    line(
      'log-probabilities of sampled tokens',
      found.logProbs,
      found.logProbs === 'untempered' ? 'at temperature 1, as the gradient' : 'no run at a temperature other than 1',
    ),
    line(
      "AdamW's epsilon is taken",
      yes(found.honoursEpsilon),
      found.honoursEpsilon
        ? 'the optimizer is that of the config'
        : "the optimizer's numbers but the rate are the server's",
    ),
    line(
      'clipping is done',
      yes(found.honoursClipNorm),
      found.honoursClipNorm ? 'update.clipNorm works' : 'no run with update.clipNorm',
    ),
    line(
      'equal requests give equal bits',
      yes(found.sameBits),
      found.sameBits
        ? 'an interrupted run ends with the same adapter'
        : 'an interrupted run has the same data and steps, not the same bits',
    ),
  ]
}
