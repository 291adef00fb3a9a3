/**
 * What each kind of engine can do, for `plan`, which refuses the rest by name (contradictions/engine.ts), and for stages that ask before
 * they act. A row that is false says why, and what to do instead. What servers of one kind differ in (clipping, P(EOS), bits) is not here:
 * a probe finds it out before the first step (activities/tinker/probe/).
 */
import type { EngineKind } from './engine-kinds.js'

type Can = true | { because: string; instead: string }

export interface Capabilities {
  /** Train the weights themselves. */
  fullWeights: Can
  /** Train an adapter of any alpha, of any choice of projections. */
  anyAdapter: Can
  /** Optimizers beside AdamW. */
  sgd: Can
  /** Sample, and take the gradient of, a distribution at a temperature other than 1. */
  temperature: Can
  /** The entropy of the policy as a term of the loss. Its other terms have a coefficient a token (training/coefficients.ts). */
  entropyInLoss: Can
  /** A policy that is made here, with a character tokenizer. */
  scratchPolicy: Can
  /** Supervised steps: warm starts and the score predictor. */
  supervisedSteps: Can
  /** Micro-batches by tokens, and layers that are computed again. */
  memoryOptions: Can
}

const noKnob = (because: string, instead: string): Can => ({ because, instead })

export const capabilities: Readonly<Record<EngineKind, Capabilities>> = {
  local: {
    fullWeights: true,
    anyAdapter: true,
    sgd: true,
    temperature: true,
    entropyInLoss: true,
    scratchPolicy: true,
    supervisedSteps: true,
    memoryOptions: true,
  },
  tinker: {
    fullWeights: noKnob('a server of the Tinker API trains an adapter only', 'set update.adapter: {rank: 16}'),
    anyAdapter: noKnob(
      'the Tinker API takes the rank of an adapter only: servers apply it to all projections with an alpha of 32',
      'leave alpha and targets out',
    ),
    sgd: noKnob('the Tinker API has AdamW only', 'set update.optimizer: adamw'),
    temperature: noKnob(
      'a server of the Tinker API gives log-probabilities and gradients at temperature 1 only',
      'set rollout.temperature: 1',
    ),
    entropyInLoss: noKnob(
      'the Tinker API takes a coefficient for each token that was drawn, and the gradient of the entropy is of all that could be drawn',
      'leave update.entropyCoefficient out',
    ),
    scratchPolicy: noKnob(
      'a server of the Tinker API has its own base models',
      'set policy: {from: checkpoint, path: a folder of the same model as engine.baseModel}',
    ),
    supervisedSteps: noKnob('only the local engine takes supervised steps', 'train from the base model as it is'),
    memoryOptions: noKnob('the memory is that of the server', 'leave it out'),
  },
}
