/** Tensors of a policy or an optimizer while they live in variables of a session: one map of them at a time. */
import type { DeviceTensors } from '../graph/device-tensors.js'
import type { Session } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'

export class Loan {
  readonly #session: Session
  readonly #variables: ReadonlyMap<string, Variable>
  #held: DeviceTensors | null = null
  /** As they were when they went in, to notice a tensor that was replaced since. */
  #handles: ReadonlyMap<string, Tensor> = new Map()

  constructor(session: Session, variables: ReadonlyMap<string, Variable>) {
    this.#session = session
    this.#variables = variables
  }

  /** Puts the tensors into the variables, unless they are there, and says whether it did; those that were there before are given back first. */
  hold(tensors: DeviceTensors): boolean {
    if (this.#held === tensors && (tensors.isLent || this.#unchanged(tensors))) return false
    this.giveBack()
    this.#handles = new Map(tensors)
    this.#held = tensors
    this.#session.assign(
      new Map([...this.#variables].map(([name, variable]) => [variable, tensors.get(name) as Tensor])),
    )
    return true
  }

  /** To be called before a program changes the variables: the tensors outside are freed. */
  change(): void {
    this.#handles = new Map()
    this.#held?.lend(() => {
      const names = [...this.#variables.keys()]
      const values = this.#session.read([...this.#variables.values()])
      // Whoever reads first may be inside a tidy; the tensors outlive it.
      this.#handles = new Map(names.map((name, index) => [name, tf.keep(values[index] as Tensor)]))
      return this.#handles
    })
  }

  giveBack(): void {
    const held = this.#held
    this.#held = null
    // Reading is what fetches the newest values.
    if (held?.isLent) held.values()
    this.#handles = new Map()
  }

  #unchanged(tensors: DeviceTensors): boolean {
    return [...this.#handles].every(([name, tensor]) => tensors.get(name) === tensor && !tensor.isDisposed)
  }
}
