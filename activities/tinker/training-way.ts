/**
 * How a run trains on a server, from what a probe found there: the factor of each coefficient, or why not at all. Pure.
 *
 * A run's loss is -Σ c_t log pi_t over all tokens of a step (c_t = -dL/d log pi_t). `importance_sampling` with weights 1 on the response
 * and advantages f c_t has this gradient, with f = 1 where the server sums up, and f = (tokens of the response) (rows of the step) where
 * it takes the mean over rows of means over tokens.
 */
import { RlevError } from '../../pipelines/errors.js'
import type { Findings } from './probe/findings.js'

/** What a run wants of a server. */
export interface Needs {
  /** Of the rollout. */
  temperature: number
  clipNorm: number | null
  /** P(EOS) of test responses. */
  eosProbabilities: boolean
  /** Other than PyTorch's default of 1e-8. */
  ownEpsilon: boolean
}

export type TrainingWay =
  | {
      /** f of a row. */
      factor: (of: { tokens: number; rows: number }) => number
      /** What the user should know. */
      notes: readonly string[]
    }
  | { refusals: readonly Refused[] }

export interface Refused {
  /** Of the finding. */
  name: keyof Findings
  reason: string
  remedy: string
}

const otherServer = 'choose another server, or another version of it (docs/large-models.md)'

export function trainingWay(found: Findings, needs: Needs): TrainingWay {
  const rules: [holds: boolean, refused: Refused][] = [
    [
      found.accumulates,
      { name: 'accumulates', reason: 'it does not add up the gradients of several requests', remedy: otherServer },
    ],
    [
      found.reduction !== 'other',
      { name: 'reduction', reason: 'its loss is neither a sum nor a mean of means', remedy: otherServer },
    ],
    [
      found.restoresMoments,
      { name: 'restoresMoments', reason: 'a state does not restore the moments', remedy: otherServer },
    ],
    [
      found.honoursStop,
      { name: 'honoursStop', reason: 'it does not end responses at a stop token', remedy: otherServer },
    ],
    [
      found.logProbs === 'untempered' || needs.temperature === 1,
      { name: 'logProbs', reason: 'its log-probabilities are tempered', remedy: 'set rollout.temperature: 1' },
    ],
    [
      found.honoursClipNorm || needs.clipNorm === null,
      { name: 'honoursClipNorm', reason: 'it does not clip gradients', remedy: 'set update.clipNorm: null' },
    ],
    [
      found.honoursEpsilon || !needs.ownEpsilon,
      {
        name: 'honoursEpsilon',
        reason: "it takes AdamW's numbers from its own config",
        remedy: 'leave update.epsilon and update.betas out',
      },
    ],
    [
      found.targets === 'free' || !needs.eosProbabilities,
      { name: 'targets', reason: 'P(EOS) cannot be measured there', remedy: 'set evaluation.eosTrajectories: false' },
    ],
  ]
  const refusals = rules.filter(([holds]) => !holds).map(([, refused]) => refused)
  if (refusals.length > 0) return { refusals }
  const isMean = found.reduction === 'mean of means'
  return { factor: ({ tokens, rows }) => (isMean ? tokens * rows : 1), notes: notesOf(found) }
}

function notesOf(found: Findings): string[] {
  const notes: [says: boolean, note: string][] = [
    [found.seeds === 'ignored', 'the server ignores seeds: arms are not paired by them'],
    [!found.honoursEpsilon, "the server takes AdamW's numbers other than the rate from its own config"],
    [!found.sameBits, 'the server does not compute the same bits twice: an interrupted run may end with others'],
  ]
  return notes.filter(([says]) => says).map(([, note]) => note)
}

/** Throws CallInvalid, which names what the server lacks. */
export function checkedWay(found: Findings, needs: Needs, place: string): Exclude<TrainingWay, { refusals: unknown }> {
  const way = trainingWay(found, needs)
  if (!('refusals' in way)) return way
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'this run cannot be trained on this Tinker server',
    place,
    expected: 'a server whose probe finds nothing against it',
    found: way.refusals.map(({ name, reason }) => `${name}: ${reason}`).join('; '),
    remedy: [...new Set(way.refusals.map(({ remedy }) => remedy))].join('; '),
  })
}
