/**
 * A policy of this process that learns. Its update computes the loss on tensors, so that log-probabilities, divergence,
 * entropy and gradient come of one pass over each micro-batch.
 */
import { saveOptimizer } from '../checkpoint/optimizer-file.js'
import { saveTrained } from '../checkpoint/policy-folder.js'
import { RlevError } from '../errors.js'
import { disposeOptimizer, type Optimizer } from '../model/optimizer-state.js'
import { disposePolicy, type Policy, trainable } from '../model/policy.js'
import { LocalSampler } from '../sampling/local-sampler.js'
import { accumulate } from './accumulate.js'
import { withHalving } from './halving.js'
import type { LivePolicy, UpdateAsked, UpdateMade } from './live-policy.js'
import { policyGradientLoss } from './loss.js'
import { clipFactor, optimizerStep } from './optimizer.js'

export class LocalPolicy extends LocalSampler implements LivePolicy {
  readonly #optimizer: Optimizer
  #step: number
  /** Optimizer steps that were taken when `step` ended. */
  #updatesAtStep: number

  /** Takes over the policy and the optimizer, which `close` disposes of. */
  constructor({ policy, optimizer, step = 0 }: { policy: Policy; optimizer: Optimizer; step?: number }) {
    super(policy)
    this.#optimizer = optimizer
    this.#step = step
    this.#updatesAtStep = optimizer.steps
  }

  get step(): number {
    return this.#step
  }

  get isWhole(): boolean {
    return this.#optimizer.steps === this.#updatesAtStep
  }

  /** Of what is trained and its two moments. */
  get bytes(): number {
    return 3 * trainable(this.policy).bytes
  }

  /** Changes policy and optimizer in place, after all micro-batches. */
  async update({
    rows,
    terms,
    config: { update, rollout },
    microBatch: first,
    hooks,
  }: UpdateAsked): Promise<UpdateMade> {
    const prompts = Math.ceil(rollout.prompts / (update.ppo?.minibatches ?? 1))
    const { result: sums, microBatch } = await withHalving({
      first,
      rows: rows.length,
      run: maxRows =>
        accumulate({
          policy: this.policy,
          rows,
          limits: { ...update, microBatch: maxRows },
          loss: policyGradientLoss(terms),
          temperature: rollout.temperature,
          checkpointing: update.gradientCheckpointing,
          largest: { prompts, samples: rollout.samples, tokens: rollout.maxTokens },
          hooks,
          note: 'update',
        }),
      onFirstRetry: ({ from, to }) =>
        process.emitWarning(`memory ran out with micro-batches of ${from} rows; retrying with ${to}`),
    })
    const { engine, loss, gap, norm, measured } = sums
    checkFinite({ loss, norm })
    const factor = clipFactor(norm, update.clipNorm)
    optimizerStep({ engine, optimizer: this.#optimizer, settings: update, factor })
    return { microBatch, loss, gap, norm, clipped: factor < 1, measured }
  }

  async endStep(): Promise<void> {
    this.#step++
    this.#updatesAtStep = this.#optimizer.steps
  }

  exportTo(folder: string): Promise<void> {
    return saveTrained(this.policy, folder)
  }

  saveStateTo(folder: string): Promise<void> {
    return saveOptimizer(this.#optimizer, folder)
  }

  async close(): Promise<void> {
    disposePolicy(this.policy)
    disposeOptimizer(this.#optimizer)
  }
}

function checkFinite({ loss, norm }: { loss: number; norm: number }): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return
  throw new RlevError({
    kind: 'NotFinite',
    message: 'the update is not finite',
    place: 'policy-gradient step',
    expected: 'a finite loss and gradient norm',
    found: `loss ${loss}, gradient norm ${norm}`,
    remedy: 'lower update.learningRate, or set update.clipNorm',
  })
}
