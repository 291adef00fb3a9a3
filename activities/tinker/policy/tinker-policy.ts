/**
 * A policy that a Tinker server trains: one model there, an adapter over a base model. Its requests go one after the other, in a
 * plan that follows from the step alone. The loss is not the server's: it gets a coefficient for each token (training/coefficients.ts),
 * so estimator, value site, aggregation, clipped ratio and divergence are those of the local engine.
 *
 * Every step ends with a state there. What went wrong before that leaves the model in doubt: `isWhole` is false, the caller closes
 * the policy, and the engine opens another model from the newest state. No request that changes a model is sent twice.
 */
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { log } from '@temporalio/activity'
import { descriptionFiles } from '../../../pipelines/checkpoint/checkpoint-files.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import type { Sequence } from '../../../pipelines/engine/response-batch.js'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { type Hooks, partOfWork } from '../../../pipelines/progress.js'
import type { Generated, MeasureOptions, SampleOptions } from '../../../pipelines/sampling/sampler.js'
import type { PolicyTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import { coefficientsOf } from '../../../pipelines/training/coefficients.js'
import type { LivePolicy, StepEnding, UpdateAsked, UpdateMade } from '../../../pipelines/training/live-policy.js'
import { writeWhole } from '../../store/files.js'
import { seal } from '../../store/sealed.js'
import { fetchAdapter } from '../archive.js'
import type { TinkerClient } from '../client.js'
import type { CheckpointName, Datum } from '../types.js'
import { datumOf, learningDatum } from './data.js'
import { nameTaken, notFinite } from './policy-failures.js'
import { doubtFindings, type ProbedWay } from './probed-way.js'
import { finite, sampleRows } from './served-sampling.js'
import { deleteBehind, deleteSamplers } from './server-retention.js'
import { discard, type ServerSession } from './server-session.js'
import type { KeptState, MayCommit, States } from './states.js'
import { whileWaiting } from './while-waiting.js'

export interface OpenModel {
  modelId: string
  session: ServerSession
  /** Of the models of the experiment, from 1. */
  attempt: number
  /** Updates that are in it. */
  step: number
  /** Requests that it was sent. */
  requests: number
}

interface TinkerPolicyOptions {
  client: TinkerClient
  way: ProbedWay
  inFlight: number
  tokenizer: PolicyTokenizer
  model: OpenModel
  states: States
  /** Folder of checkpoint 0. */
  start: string
  /** Steps that have a checkpoint. */
  checkpoints: () => readonly number[]
}

export class TinkerPolicy implements LivePolicy {
  readonly bytes = Number.POSITIVE_INFINITY
  readonly #options: TinkerPolicyOptions
  #step: number
  #requests: number
  #isWhole = true
  /** Of the weights as they are. */
  #snapshot: { name: string; path: string } | null = null
  /** Samplers that are on the server. */
  #samplers: CheckpointName[] = []
  /** Whether the server has deleted what it was asked to delete. */
  #deletes = true

  constructor(options: TinkerPolicyOptions) {
    this.#options = options
    this.#step = options.model.step
    this.#requests = options.model.requests
  }

  get tokenizer(): PolicyTokenizer {
    return this.#options.tokenizer
  }

  get step(): number {
    return this.#step
  }

  get isWhole(): boolean {
    return this.#isWhole
  }

  async sample(options: SampleOptions): Promise<Generated[]> {
    const { client, inFlight, tokenizer, way } = this.#options
    const { path: sampler } = await this.#sampler(options.hooks)
    const source = { sampler }
    const responses = await this.#orDoubt(() => sampleRows({ client, inFlight, tokenizer, source }, options))
    if (options.eosProbabilities !== true || !way.freeTargets) return responses
    const sequences = responses.map(({ tokens }, row) => ({
      promptTokens: options.rows[row]?.promptTokens ?? [],
      tokens,
    }))
    const found = await this.#eosProbabilities(sequences, { together: options.chunk, hooks: options.hooks })
    return responses.map((response, row) => ({ ...response, eosProbabilities: found[row] as number[] }))
  }

  logProbabilities(sequences: readonly Sequence[], { together, hooks, note }: MeasureOptions): Promise<number[][]> {
    return this.#forward(sequences, { together, hooks, note, datum: datumOf })
  }

  async update({ rows, terms, config: { update }, microBatch, hooks }: UpdateAsked): Promise<UpdateMade> {
    const { client, way } = this.#options
    // The forward pass is a third of the work, and the passes with a gradient are the rest.
    const of = 2 * rows.length
    const current = await this.#forward(rows, {
      together: microBatch,
      hooks: partOfWork(hooks, { before: 0, of }),
      note: 'update',
      datum: datumOf,
    })
    const parts = rows.map((row, index) => coefficientsOf(row, current[index] as number[], terms))
    const loss = parts.reduce((sum, part) => sum + part.loss, 0)
    if (!Number.isFinite(loss)) throw notFinite({ loss })
    const data = rows.map((row, index) =>
      learningDatum(row, {
        coefficients: (parts[index] as (typeof parts)[number]).coefficients,
        factor: way.factor({ tokens: row.tokens.length, rows: rows.length }),
        current: current[index] as number[],
      }),
    )
    this.#isWhole = false
    this.#snapshot = null
    await this.#learn(data, { together: microBatch, hooks: partOfWork(hooks, { before: rows.length, of }) })
    const metrics = await this.#request(hooks, call => client.optimStep({ ...call, adam: adamOf(update) }))
    const norm = metrics['skyrl.ai/grad_norm'] ?? metrics['grad_norm']
    if (norm !== undefined && !Number.isFinite(norm)) throw notFinite({ loss, norm })
    return {
      microBatch,
      loss,
      gap: parts.reduce((sum, part) => sum + part.gap, 0),
      clipped: norm !== undefined && update.clipNorm !== null && norm > update.clipNorm,
      measured: (parts[0]?.measured ?? []).map((_, measure) => parts.map(part => part.measured[measure] as number)),
      ...given({ norm }),
    }
  }

  async endStep({ hooks, mayCommit }: StepEnding): Promise<void> {
    const step = this.#step + 1
    await this.keepState(step, { hooks, mayCommit })
    this.#step = step
    this.#isWhole = true
    if (this.#deletes) await this.#deleteBehind(mayCommit)
  }

  /** Keeps a state of the weights as they are, as that of `step`. */
  async keepState(step: number, { hooks, mayCommit }: { hooks: Hooks; mayCommit: MayCommit }): Promise<void> {
    const { client, states, model } = this.#options
    const name = nameOf('w', { step, attempt: model.attempt })
    const path = await this.#request(hooks, call => client.saveState({ ...call, name }))
    if (path === null) throw nameTaken(client.address, name)
    states.keep({ step, path, name, modelId: model.modelId }, mayCommit)
  }

  async exportTo(folder: string, hooks: Hooks): Promise<void> {
    const { client, model, start } = this.#options
    const { name } = await this.#sampler(hooks)
    const { modelId } = model
    await this.#orDoubt(() => whileWaiting(hooks, signal => fetchAdapter({ client, modelId, name, folder, signal })))
    for (const file of descriptionFiles) {
      if (existsSync(join(start, file))) copyFileSync(join(start, file), join(folder, file))
    }
  }

  async saveStateTo(folder: string): Promise<void> {
    const [state] = this.#options.states.atOrBefore(this.#step)
    writeWhole(join(folder, 'server-state.json'), seal(state satisfies KeptState | undefined))
  }

  async close(): Promise<void> {
    const { client, model } = this.#options
    await discard(client, model)
    if (this.#deletes) await deleteSamplers(client, this.#samplers)
  }

  /** A step without a gradient has no update: its sampler is still that of the weights as they are. */
  async #deleteBehind(mayCommit: MayCommit): Promise<void> {
    const { client, states, checkpoints } = this.#options
    const isNewest = ({ name }: CheckpointName) => name === this.#snapshot?.name
    const samplers = this.#samplers.filter(sampler => !isNewest(sampler))
    this.#deletes = await deleteBehind({ client, states, checkpoints: checkpoints(), samplers, mayCommit })
    if (this.#deletes) this.#samplers = this.#samplers.filter(isNewest)
    else log.info('the server does not delete what is behind the run', { server: client.address })
  }

  /** The newest sampler of the weights as they are. Older ones are never sampled: some servers write them over the model. */
  async #sampler(hooks: Hooks): Promise<{ name: string; path: string }> {
    const { client, model } = this.#options
    if (this.#snapshot !== null) return this.#snapshot
    // One that was cancelled has its name: the next one gets another.
    const name = `${nameOf('s', { step: this.#step, attempt: model.attempt })}-r${this.#requests}`
    const path = await this.#request(hooks, call => client.saveSampler({ ...call, name }))
    if (path === null) throw nameTaken(client.address, name)
    this.#snapshot = { name, path }
    this.#samplers.push({ modelId: model.modelId, kind: 'sampler_weights', name })
    return this.#snapshot
  }

  /** P(EOS) before each token: with the end of the sequence as the target of every place. */
  async #eosProbabilities(
    sequences: readonly Sequence[],
    { together, hooks }: { together: number; hooks: Hooks },
  ): Promise<number[][]> {
    const sums = sequences.map(({ tokens }) => tokens.map(() => 0))
    for (const target of this.tokenizer.eosIds) {
      const datum = (sequence: Sequence) => datumOf(sequence, { target })
      const found = await this.#forward(sequences, { together, hooks, note: 'P(EOS)', datum })
      for (const [row, logProbs] of found.entries()) {
        sums[row] = (sums[row] as number[]).map((sum, place) => sum + Math.exp(logProbs[place] as number))
      }
    }
    return sums
  }

  async #forward<Row extends Sequence>(
    rows: readonly Row[],
    { together, hooks, note, datum }: { together: number; hooks: Hooks; note: string; datum: (row: Row) => Datum },
  ): Promise<number[][]> {
    const { client } = this.#options
    const found: number[][] = []
    for (let first = 0; first < rows.length; first += together) {
      const part = rows.slice(first, first + together)
      const { logProbs } = await this.#request(hooks, call =>
        client.forward({ ...call, data: part.map(row => datum(row)) }),
      )
      for (const [index, { tokens }] of part.entries())
        found.push(finite((logProbs[index] as number[]).slice(-tokens.length), client))
      await hooks.tick({ done: found.length, of: rows.length, note })
    }
    return found
  }

  /** Adds the gradients. */
  async #learn(data: readonly Datum[], { together, hooks }: { together: number; hooks: Hooks }): Promise<void> {
    for (let first = 0; first < data.length; first += together) {
      const part = data.slice(first, first + together)
      await this.#request(hooks, call =>
        this.#options.client.forwardBackward({ ...call, data: part, loss: 'importance_sampling' }),
      )
      await hooks.tick({ done: first + part.length, of: data.length, note: 'update' })
    }
  }

  #request<Result>(
    hooks: Hooks,
    send: (call: { modelId: string; seqId: number; signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    const seqId = ++this.#requests
    const { modelId } = this.#options.model
    return this.#orDoubt(() => whileWaiting(hooks, signal => send({ modelId, seqId, signal })))
  }

  /** After a failure nothing is known of the model, also if it is a cancellation: its request may be under way there. */
  async #orDoubt<Result>(ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask()
    } catch (error) {
      this.#isWhole = false
      if (error instanceof RlevError && leavesDoubt.includes(error.kind)) doubtFindings(this.#options.client.address)
      throw error
    }
  }
}

/** Of the server too: it may have been started again, as another version. */
const leavesDoubt: readonly RlevError['kind'][] = ['EngineEnded', 'ServiceUnavailable']

/** `w-000012-a3`: no other model of the experiment has the name, so a name that is taken is our own, sent before. */
function nameOf(kind: 'w' | 's', { step, attempt }: { step: number; attempt: number }): string {
  return `${kind}-${String(step).padStart(6, '0')}-a${attempt}`
}

function adamOf({ learningRate, betas, epsilon, weightDecay, clipNorm }: ExperimentConfig['update']) {
  return { learningRate, betas, epsilon, weightDecay, clipNorm }
}
