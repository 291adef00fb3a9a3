/**
 * Programs that learn: the gradient of a loss over a micro-batch, added to sums that stay on the device; the
 * sums' global norm; an optimizer's step with them. And log-probabilities without a gradient. The caller hands
 * the loss in.
 *
 * Shapes: N rows of a micro-batch, T tokens of a response.
 */
import { adamStep } from '../graph/optimize.js'
import type { Input, Program } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'
import type { Weights } from '../model/decoder.js'
import { undrawnBias } from '../tokenizer/special-tokens.js'
import type { Engine } from './engine.js'
import type { BatchShape } from './response-batch.js'
import {
  type ResponseInputs,
  responseDistributions,
  responseInputs,
  responseLogProbabilities,
  shareOf,
  wholeOf,
} from './response-inputs.js'
import type { VariableBinding } from './variable-binding.js'

/** A loss of a micro-batch's log-probabilities. */
export interface Loss {
  /** Says what the loss computes: losses of one name share a recorded program. */
  name: string
  /** Shape of each of its inputs: `token` [N, T], `row` [N, 1]. */
  inputs: readonly ('token' | 'row')[]
  /** Whether `of` gets the entropy of each token's distribution [N, T]. */
  entropy?: boolean
  /** The loss [], from log pi [N, T], the mask [N, T] (1 on response tokens, else 0) and the inputs. */
  of: (logProbs: Tensor, mask: Tensor, inputs: readonly Tensor[], entropy?: Tensor) => Tensor
  /** What is measured beside the loss, without a gradient: a sum over the tokens of each response [N, 1], each. */
  measures?: (logProbs: Tensor, mask: Tensor, inputs: readonly Tensor[]) => Tensor[]
}

export interface GradientOptions {
  loss: Loss
  /** Divides the logits: that of the sampling, so that the gradient is of the distribution that was sampled. */
  temperature: number
  /** Compute layers again in the backward pass: less memory, more time. */
  checkpointing: boolean
}

/** An engine's sums of gradients and moments of the trainable variables, and the programs on them. */
export class Learning {
  readonly #engine: Engine
  readonly #sums: ReadonlyMap<string, Variable>
  /** Counts the sums that have begun. */
  #sumNumber = 0
  #moments: { first: ReadonlyMap<string, Variable>; second: ReadonlyMap<string, Variable> } | null = null
  #momentBindings: { first: VariableBinding; second: VariableBinding } | null = null

  constructor(engine: Engine) {
    this.#engine = engine
    this.#sums = engine.variablesLike(shapesOf(engine.trainable), 'gradient')
  }

  get moments(): { first: ReadonlyMap<string, Variable>; second: ReadonlyMap<string, Variable> } {
    const shapes = shapesOf(this.#engine.trainable)
    this.#moments ??= {
      first: this.#engine.variablesLike(shapes, 'first'),
      second: this.#engine.variablesLike(shapes, 'second'),
    }
    return this.#moments
  }

  /** Bindings of the moments' variables to an optimizer's tensors. */
  get momentBindings(): { first: VariableBinding; second: VariableBinding } {
    const { first, second } = this.moments
    this.#momentBindings ??= { first: this.#engine.bind(first), second: this.#engine.bind(second) }
    return this.#momentBindings
  }

  /** Sets the sums of gradients to 0. Gives the number of the sum that begins. */
  beginSum(): number {
    this.#engine.reclaim()
    this.#clear()()
    return ++this.#sumNumber
  }

  /**
   * Throws TypeError if another sum has begun since: two updates on one engine at a time would mix their
   * gradients.
   */
  checkSum(number: number): void {
    if (number !== this.#sumNumber) throw new TypeError('another update began on this engine before this one ended')
  }

  /**
   * Adds the gradient of a micro-batch to the sums. Inputs: those of a batch; the mask and the
   * log-probabilities as sampled, [N, T]; those of the loss. Outputs: the loss [], the sum of |log pi - log pi
   * as sampled| over the response tokens [], and the loss's measures [N, 1] each.
   */
  gradient(shape: BatchShape, options: GradientOptions): Program {
    const { loss, temperature, checkpointing } = options
    const { session, settings } = this.#engine
    const name = `gradient ${JSON.stringify([shape, loss.name, temperature, checkpointing])}`
    const rows = shape.prompts * shape.samples
    const perToken: Input = { shape: [rows, shape.tokens] }
    const perRow: Input = { shape: [rows, 1] }
    const ofLoss = loss.inputs.map(kind => (kind === 'token' ? perToken : perRow))
    const inputs = [...responseInputs(shape), perToken, perToken, ...ofLoss]
    return this.#engine.program(name, () =>
      session.compile({
        name,
        inputs,
        run: (...tensors) => {
          const lanes = Array.from({ length: settings.lanes }, (_, lane) =>
            this.#laneGradient(
              tensors.map(tensor => shareOf(tensor, lane, settings.lanes)),
              options,
            ),
          )
          for (const [index, sum] of [...this.#sums.values()].entries()) {
            sum.add(total(lanes.map(({ gradients }) => gradients[index] as Tensor)))
          }
          const [{ measures }] = lanes as [LaneGradient]
          return [
            total(lanes.map(({ loss }) => loss)),
            total(lanes.map(({ gap }) => gap)),
            ...measures.map((_, index) =>
              wholeOf(
                lanes.map(lane => lane.measures[index] as Tensor),
                0,
              ),
            ),
          ]
        },
      }),
    )
  }

  /** log pi of a batch's responses at a temperature [N, T]. */
  logProbabilities(shape: BatchShape, temperature: number): Program {
    const { session, settings } = this.#engine
    const name = `log-probabilities ${JSON.stringify([shape, temperature])}`
    return this.#engine.program(name, () =>
      session.compile({
        name,
        inputs: responseInputs(shape),
        run: (...tensors) => {
          const decoder = this.#engine.learningDecoder(this.#read())
          const parts = Array.from({ length: settings.lanes }, (_, lane) => {
            const inputs = namedInputs(tensors.map(tensor => shareOf(tensor, lane, settings.lanes)))
            return responseLogProbabilities({ decoder, inputs, bias: this.#bias(), temperature })
          })
          return [wholeOf(parts, 0)]
        },
      }),
    )
  }

  /** Global norm of the sums []. */
  norm(): Program {
    return this.#engine.program('gradient norm', () =>
      this.#engine.session.compile({
        name: 'gradient norm',
        inputs: [],
        run: () => [total([...this.#sums.values()].map(sum => sum.read().square().sum())).sqrt()],
      }),
    )
  }

  /** The sums by name. The caller disposes of them. */
  gradients(): Map<string, Tensor> {
    const values = this.#engine.session.read([...this.#sums.values()])
    return new Map([...this.#sums.keys()].map((name, index) => [name, values[index] as Tensor]))
  }

  /** Sets the sums to given gradients. The tensors stay the caller's. */
  setGradients(gradients: ReadonlyMap<string, Tensor>): void {
    this.#engine.session.assign(new Map([...this.#sums].map(([name, sum]) => [sum, gradients.get(name) as Tensor])))
  }

  /**
   * AdamW with the sums. Inputs, scalars: factor of the gradients, decay 1 - eta lambda, then as in
   * AdamScalars.
   */
  adam(decays: boolean): Program {
    const { first, second } = this.moments
    const name = `adamw ${decays}`
    return this.#engine.program(name, () =>
      this.#engine.session.compile({
        name,
        inputs: scalars(8),
        run: (...tensors) => {
          const [factor, decay, learningRate, beta1, beta2, beta1Power, beta2Power, epsilon] = tensors as Eight
          for (const [key, weight] of this.#engine.trainable) {
            if (decays) weight.assign(weight.read().mul(decay))
            const gradient = (this.#sums.get(key) as Variable).read().mul(factor)
            const own = { weight, first: first.get(key) as Variable, second: second.get(key) as Variable }
            adamStep(own, gradient, { learningRate, beta1, beta2, beta1Power, beta2Power, epsilon })
          }
          return []
        },
      }),
    )
  }

  /** Gradient descent with the sums. Inputs, scalars: factor of the gradients times eta, decay 1 - eta lambda. */
  descend(): Program {
    return this.#engine.program('sgd', () =>
      this.#engine.session.compile({
        name: 'sgd',
        inputs: scalars(2),
        run: (...tensors) => {
          const [factor, decay] = tensors as [Tensor, Tensor]
          for (const [key, weight] of this.#engine.trainable) {
            const step = (this.#sums.get(key) as Variable).read().mul(factor)
            weight.assign(weight.read().mul(decay).sub(step))
          }
          return []
        },
      }),
    )
  }

  #clear(): Program {
    return this.#engine.program('clear gradients', () =>
      this.#engine.session.compile({
        name: 'clear gradients',
        inputs: [],
        run: () => {
          for (const sum of this.#sums.values()) sum.assign(tf.fill([...sum.shape], 0))
          return []
        },
      }),
    )
  }

  #laneGradient(tensors: readonly Tensor[], { loss, temperature, checkpointing }: GradientOptions): LaneGradient {
    const [mask, sampled, ...ofLoss] = tensors.slice(4) as [Tensor, Tensor, ...Tensor[]]
    const names = [...this.#engine.trainable.keys()]
    const kept: Tensor[] = []
    const { value, grads } = tf.valueAndGrads((...under) => {
      const decoder = this.#engine.learningDecoder(new Map(names.map((name, index) => [name, under[index] as Tensor])))
      const options = { decoder, inputs: namedInputs(tensors), bias: this.#bias(), temperature, checkpointing }
      const { logProbs, entropy } =
        loss.entropy === true
          ? responseDistributions(options)
          : { logProbs: responseLogProbabilities(options), entropy: undefined }
      kept.push(tf.keep(logProbs.sub(sampled).abs().mul(mask).sum()))
      for (const measure of loss.measures?.(logProbs, mask, ofLoss) ?? []) kept.push(tf.keep(measure))
      return loss.of(logProbs, mask, ofLoss, entropy) as never
    })([...this.#read().values()])
    const [gap, ...measures] = kept.map(tensor => tensor.clone()) as [Tensor, ...Tensor[]]
    tf.dispose(kept)
    return { loss: value, gap, measures, gradients: grads }
  }

  #read(): Weights {
    return new Map([...this.#engine.trainable].map(([name, variable]) => [name, variable.read()]))
  }

  #bias(): Tensor | null {
    return undrawnBias(this.#engine.tokens.undrawn, this.#engine.architecture.vocabulary)
  }
}

interface LaneGradient {
  loss: Tensor
  gap: Tensor
  measures: Tensor[]
  gradients: Tensor[]
}

type Eight = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

const scalars = (count: number): Input[] => Array.from({ length: count }, () => ({ shape: [] }))

function namedInputs(tensors: readonly Tensor[]): ResponseInputs {
  const [prefixIds, prefixLengths, ids, targets] = tensors as [Tensor, Tensor, Tensor, Tensor]
  return { prefixIds, prefixLengths, ids, targets }
}

const total = (terms: readonly Tensor[]): Tensor => (terms.length === 1 ? (terms[0] as Tensor) : tf.addN([...terms]))

const shapesOf = (variables: ReadonlyMap<string, Variable>): Map<string, readonly number[]> =>
  new Map([...variables].map(([name, { shape }]) => [name, shape]))
