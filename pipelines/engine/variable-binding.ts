/** Variables of a session that hold the tensors of a policy or an optimizer, of one at a time. */
import type { DeviceTensors, TensorSource } from '../graph/device-tensors.js'
import type { Session } from '../graph/session.js'
import { type Tensor, tf } from '../graph/tensorflow.js'
import type { Variable } from '../graph/variable.js'

export class VariableBinding implements TensorSource {
  readonly #session: Session
  readonly #variables: ReadonlyMap<string, Variable>
  /** Whose values the variables hold, and which version of them. */
  #bound: { tensors: DeviceTensors; version: number } | null = null

  constructor(session: Session, variables: ReadonlyMap<string, Variable>) {
    this.#session = session
    this.#variables = variables
  }

  /**
   * Copies the tensors into the variables, unless they are there already. Says whether it did. Others are
   * released first.
   */
  load(tensors: DeviceTensors): boolean {
    if (this.#bound?.tensors === tensors && this.#bound.version === tensors.version) return false
    this.release()
    const values = tensors.read()
    this.#session.assign(
      new Map([...this.#variables].map(([name, variable]) => [variable, values.get(name) as Tensor])),
    )
    this.#bound = { tensors, version: tensors.version }
    return true
  }

  /** To be called before a program changes the variables: they become the only copy of the bound tensors. */
  beginChange(): void {
    const tensors = this.#bound?.tensors
    if (tensors === undefined) return
    tensors.changeIn(this)
    this.#bound = { tensors, version: tensors.version }
  }

  /** A copy of the variables' values, the caller's to dispose of. */
  read(): ReadonlyMap<string, Tensor> {
    const values = this.#session.read([...this.#variables.values()])
    // The caller may be inside a tidy, which must not free them.
    return new Map([...this.#variables.keys()].map((name, index) => [name, tf.keep(values[index] as Tensor)]))
  }

  /** Gives the bound tensors their newest values back, if the variables have the only copy. */
  release(): void {
    if (this.#bound?.tensors.isIn(this)) this.#bound.tensors.read()
    this.#bound = null
  }
}
