/**
 * Training on a Tinker server that counts every step exactly once, on any server. A step is a fixed plan of requests, and ends with a
 * state under a name. After any doubt (a server that was restarted, an answer that did not come, a cancellation) the model is thrown
 * away with all that it may have half of, the newest state is loaded into another one, and the step is made again from its beginning.
 * So it needs no server that recognizes a repeated request.
 *
 * The holder keeps what `step` gives, before it goes on, and opens with it after its own restart.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { fetchAdapter } from '../archive.js'
import type { TinkerClient } from '../client.js'
import type { TrainingWay } from '../training-way.js'
import type { AdamStep, Calling, Datum, ModelSettings, Sampled, SamplingSettings } from '../types.js'
import { LiveModel, type StateRef } from './live-model.js'
import { datumOf, defaultLimits, type RequestLimits, requestsOf, type TrainedRow } from './plan.js'

export interface DurableOptions extends Calling {
  client: TinkerClient
  settings: ModelSettings
  /** What the probe allows (training-way.ts). */
  way: Extract<TrainingWay, { factor: unknown }>
  limits?: RequestLimits
  /** Of the holder, from 1: part of the names of states. */
  attempt?: number
  /** Models in a row that may be lost before the error is the holder's. */
  maxRecoveries?: number
}

export interface Stepped {
  state: StateRef
  /** Global norm of the gradient, as the server gives it. */
  norm?: number
  /** Mean over tokens of |log pi - log pi as sampled|; 0 for rows without the latter. */
  gap: number
}

const defaultRecoveries = 3

export class DurableModel {
  readonly #options: DurableOptions
  #newest: StateRef
  #attempt: number
  #live: LiveModel | null = null

  private constructor(options: DurableOptions, newest: StateRef) {
    this.#options = options
    this.#attempt = options.attempt ?? 1
    this.#newest = newest
  }

  /** `from`: the state to go on from; null for a fresh adapter, which is saved as the state of step 0. */
  static async open(options: DurableOptions, from: StateRef | null): Promise<DurableModel> {
    const model = new DurableModel(options, from ?? fresh)
    if (from !== null) return model
    const path = await model.#withModel(live => model.#saveState(live, 0))
    model.#newest = { step: 0, path }
    return model
  }

  get newest(): StateRef {
    return this.#newest
  }

  /** The step after the newest state. If no row has a gradient, the optimizer takes no step, and the state stays. */
  async step({ rows, adam }: { rows: readonly TrainedRow[]; adam: AdamStep }): Promise<Stepped> {
    const { limits = defaultLimits } = this.#options
    const requests = requestsOf(rows, limits)
    const step = this.#newest.step + 1
    if (requests.length === 0) {
      this.#newest = { ...this.#newest, step }
      return { state: this.#newest, gap: 0 }
    }
    const { path, ...measured } = await this.#withModel(live => this.#makeStep(live, { requests, adam, step }))
    this.#newest = { step, path }
    return { state: this.#newest, ...measured }
  }

  /** One request a row, with its own seed. Rows that were answered are kept if the model is lost meanwhile. */
  async sample({
    rows,
    settings,
    inFlight,
  }: {
    rows: readonly { promptTokens: readonly number[]; seed: number }[]
    settings: Omit<SamplingSettings, 'seed'>
    /** Requests at once. */
    inFlight: number
  }): Promise<Sampled[]> {
    const { client, signal, onWait } = this.#options
    const found: (Sampled | undefined)[] = rows.map(() => undefined)
    await this.#withModel(async live => {
      const { path: sampler } = await this.#sampler(live)
      const limit = pLimit(inFlight)
      const outcomes = await Promise.allSettled(
        rows.map(({ promptTokens, seed }, index) =>
          limit(async () => {
            const call = { source: { sampler }, tokens: promptTokens, settings: { ...settings, seed }, signal, onWait }
            found[index] ??= (await client.sample(call))[0]
          }),
        ),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    })
    return found as Sampled[]
  }

  /** log pi of the targets, under the weights as they are. Targets of any token: P(EOS), where the server allows. */
  async logProbs(data: readonly Datum[]): Promise<number[][]> {
    return this.#withModel(async live => (await this.#options.client.forward({ ...live.next, data })).logProbs)
  }

  /** The adapter in PEFT's form. The folder must not be there. */
  async export(folder: string): Promise<void> {
    const { client, signal } = this.#options
    const part = `${folder}.part`
    await this.#withModel(async live => {
      const { name } = await this.#sampler(live)
      await rm(part, { recursive: true, force: true })
      await mkdir(part, { recursive: true })
      await fetchAdapter({ client, modelId: live.id, name, folder: part, ...given({ signal }) })
    })
    await rename(part, folder)
  }

  /** Unloads the model; states stay. */
  async close(): Promise<void> {
    const live = this.#live
    this.#live = null
    await live?.close()
  }

  async #makeStep(
    live: LiveModel,
    { requests, adam, step }: { requests: readonly TrainedRow[][]; adam: AdamStep; step: number },
  ): Promise<{ path: string; norm?: number; gap: number }> {
    const { client, way } = this.#options
    const rows = requests.reduce((sum, { length }) => sum + length, 0)
    let tokens = 0
    let gap = 0
    live.sampler = null
    for (const request of requests) {
      const old = await this.#ratiosOf(live, request)
      const data = request.map((row, index) =>
        datumOf(row, { logProbs: old[index] as number[], factor: way.factor({ tokens: row.tokens.length, rows }) }),
      )
      const { logProbs } = await client.forwardBackward({ ...live.next, data, loss: 'importance_sampling' })
      for (const [index, sampled] of old.entries()) {
        tokens += sampled.length
        gap += gapOf(sampled, (logProbs[index] as number[]).slice(-sampled.length))
      }
    }
    const metrics = await client.optimStep({ ...live.next, adam })
    const path = await this.#saveState(live, step)
    const norm = Object.entries(metrics).find(([name]) => /grad_norm/.test(name))?.[1]
    return { path, gap: gap / tokens, ...given({ norm }) }
  }

  /** What the ratio of each row is to. */
  async #ratiosOf(live: LiveModel, request: readonly TrainedRow[]): Promise<(readonly number[])[]> {
    if (request.every(({ logProbs }) => logProbs !== undefined))
      return request.map(({ logProbs }) => logProbs as number[])
    const none = (row: TrainedRow) => datumOf(row, { logProbs: row.tokens.map(() => 0), factor: 0 })
    const { logProbs } = await this.#options.client.forward({ ...live.next, data: request.map(none) })
    return request.map((row, index) => row.logProbs ?? (logProbs[index] as number[]).slice(-row.tokens.length))
  }

  async #saveState(live: LiveModel, step: number): Promise<string> {
    for (;;) {
      const path = await this.#options.client.saveState({ ...live.next, name: this.#nameOf('w', step) })
      if (path !== null) return path
      this.#attempt++
    }
  }

  /** Of the weights as they are. Older ones of a live model are never sampled: some servers write them over its weights. */
  async #sampler(live: LiveModel): Promise<{ name: string; path: string }> {
    while (live.sampler === null) {
      const name = this.#nameOf('s', this.#newest.step)
      const path = await this.#options.client.saveSampler({ ...live.next, name })
      if (path === null) this.#attempt++
      else live.sampler = { name, path }
    }
    return live.sampler
  }

  /** A name that is taken is never another step's, nor another attempt's. */
  #nameOf(kind: 'w' | 's', step: number): string {
    return `${kind}-${String(step).padStart(6, '0')}-a${this.#attempt}`
  }

  /** Work on a model that holds the newest state. If it fails, whatever the model has become is thrown away. */
  async #withModel<Result>(work: (live: LiveModel) => Promise<Result>): Promise<Result> {
    const { client, settings, signal, onWait, maxRecoveries = defaultRecoveries } = this.#options
    const from = this.#newest === fresh ? null : this.#newest
    for (let lost = 0; ; ) {
      try {
        this.#live ??= await LiveModel.open({ client, settings, calling: { signal, onWait } }, from)
        return await work(this.#live)
      } catch (error) {
        await this.close()
        signal?.throwIfAborted()
        if (!isDoubt(error) || ++lost > maxRecoveries) throw error
        this.#attempt++
        await delay(100 * 2 ** lost, undefined, given({ signal }))
      }
    }
  }
}

/** Before the state of step 0 is saved. */
const fresh: StateRef = { step: -1, path: '' }

const isDoubt = (error: unknown): boolean =>
  error instanceof RlevError && (error.kind === 'EngineEnded' || error.kind === 'ServiceUnavailable')

const gapOf = (sampled: readonly number[], passed: readonly number[]): number =>
  sampled.reduce((sum, value, index) => sum + Math.abs(value - (passed[index] as number)), 0)
