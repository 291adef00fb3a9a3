/**
 * Runs policies of one shape: a session with variables for the weights, and the programs compiled so far.
 * Policies of the same shape and settings take turns on one engine, so the experiments of a sweep share its
 * compiled graphs.
 */
import type { EngineConfig } from '../config/schema.js'
import { hasOwnOperations } from '../graph/kernels.js'
import { type Program, Session } from '../graph/session.js'
import type { Variable } from '../graph/variable.js'
import type { AdapterWeights, Decoder, Matrix, ProjectionPart, Weights } from '../model/decoder.js'
import { makeDecoder, mergedWeights } from '../model/decoder.js'
import type { Policy } from '../model/policy.js'
import { isFused } from '../model/sizes.js'
import { undrawnIds } from '../tokenizer/special-tokens.js'
import { VariableBinding } from './variable-binding.js'

export class Engine {
  readonly session: Session
  readonly settings: EngineConfig
  readonly architecture: Policy['architecture']
  readonly tokens: { eosIds: readonly number[]; undrawn: readonly number[] }
  /** Variables that an update changes: the adapter's if there is one, else the weights'. */
  readonly trainable: ReadonlyMap<string, Variable>
  readonly #weights: ReadonlyMap<string, Variable>
  readonly #adapter: { rank: number; alpha: number; variables: ReadonlyMap<string, Variable> } | null
  readonly #weightsBinding: VariableBinding
  readonly #adapterBinding: VariableBinding | null
  /** In the order in which they were made. */
  readonly #bindings: VariableBinding[] = []
  /** Counts changes of the policy's variables. */
  #version = 0
  readonly #programs = new Map<string, Program>()
  readonly #parts = new Map<new (engine: Engine) => object, object>()
  readonly #reclaims: (() => void)[] = []

  constructor({ architecture, weights, adapter, tokenizer, engine }: Policy) {
    this.settings = engine
    this.architecture = architecture
    this.tokens = { eosIds: tokenizer.eosIds, undrawn: undrawnIds(tokenizer, architecture.vocabulary) }
    this.session = new Session({
      recorded: engine.mode === 'recorded',
      matrices: engine.matrices,
      compiled: engine.xla,
    })
    this.#weights = this.variablesLike(weights.shapes, 'weight')
    this.#weightsBinding = this.bind(this.#weights)
    this.#adapter =
      adapter === null
        ? null
        : { rank: adapter.rank, alpha: adapter.alpha, variables: this.variablesLike(adapter.tensors.shapes, 'adapter') }
    this.#adapterBinding = this.#adapter === null ? null : this.bind(this.#adapter.variables)
    this.trainable = this.#adapter?.variables ?? this.#weights
  }

  /** A variable of zeros for every shape, by its name. */
  variablesLike(shapes: ReadonlyMap<string, readonly number[]>, prefix: string): Map<string, Variable> {
    return new Map(
      [...shapes].map(([name, shape]) => [name, this.session.variable({ name: `${prefix}/${name}`, shape })]),
    )
  }

  /** Lets variables hold tensors of a policy or an optimizer. The engine releases them before its session ends. */
  bind(variables: ReadonlyMap<string, Variable>): VariableBinding {
    const made = new VariableBinding(this.session, variables)
    this.#bindings.push(made)
    return made
  }

  /** Makes the policy the one that programs run. */
  use({ weights, adapter }: Policy): void {
    const loaded = this.#weightsBinding.load(weights)
    const loadedAdapter = adapter !== null && this.#adapterBinding?.load(adapter.tensors)
    if (loaded || loadedAdapter) this.#version++
  }

  /** Changes whenever the policy's variables change. */
  get version(): number {
    return this.#version
  }

  /** To be called before a program changes the trainable variables. */
  beginChange(): void {
    const binding = this.#adapterBinding ?? this.#weightsBinding
    binding.beginChange()
    this.#version++
  }

  /** The program of that name. The first call compiles it. */
  program(name: string, compile: () => Program): Program {
    const there = this.#programs.get(name)
    if (there !== undefined) return there
    const made = compile()
    this.#programs.set(name, made)
    return made
  }

  /** The engine's one instance of a class. The first call makes it. */
  part<Part extends object>(Kind: new (engine: Engine) => Part): Part {
    const there = this.#parts.get(Kind)
    if (there instanceof Kind) return there
    const made = new Kind(this)
    this.#parts.set(Kind, made)
    return made
  }

  /** `free` frees memory that a part keeps for its next call, if it has any: before a gradient, or if another engine has its turn. */
  onReclaim(free: () => void): void {
    this.#reclaims.push(free)
  }

  reclaim(): void {
    for (const free of this.#reclaims) free()
  }

  /** In a program: the decoder with the adapter added to the weights. No gradient for the adapter. */
  mergedDecoder(): Decoder {
    return makeDecoder({
      architecture: this.architecture,
      fused: this.#fused,
      weights: mergedWeights(read(this.#weights), this.#adapterWeights()),
    })
  }

  /** In a program: the decoder for sampling, with copies of its matrices. */
  samplingDecoder(forSampling: {
    matrix: (layer: number, part: ProjectionPart) => Matrix
    head: Matrix | null
  }): Decoder {
    const { architecture } = this
    return makeDecoder({ architecture, fused: this.#fused, weights: read(this.#weights), forSampling })
  }

  /** In a program: the decoder for learning, with `under` in place of the trainable variables. */
  learningDecoder(under: Weights): Decoder {
    const shared = { architecture: this.architecture, fused: this.#fused }
    if (this.#adapter === null) return makeDecoder({ ...shared, weights: under })
    const { rank, alpha } = this.#adapter
    return makeDecoder({ ...shared, weights: read(this.#weights), adapter: { rank, alpha, tensors: under } })
  }

  get #fused(): boolean {
    return isFused(this.architecture, this.settings) && hasOwnOperations()
  }

  /** Gives policies and optimizers their newest values back, the newest binding first, and ends the session. */
  dispose(): void {
    try {
      for (const binding of this.#bindings.toReversed()) binding.release()
    } finally {
      this.session.dispose()
    }
  }

  #adapterWeights(): AdapterWeights | null {
    if (this.#adapter === null) return null
    const { rank, alpha, variables } = this.#adapter
    return { rank, alpha, tensors: read(variables) }
  }
}

const read = (variables: ReadonlyMap<string, Variable>): Weights =>
  new Map([...variables].map(([name, variable]) => [name, variable.read()]))
