/**
 * A client of the Tinker API. JSON in both directions; every operation is posted, and its result asked for. A request that changes a
 * model is never sent a second time if the first may have been taken, because some servers count it twice.
 */
import type { z } from 'zod'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { noPromptLogProbs, otherShape } from './errors.js'
import { TinkerHttp } from './http.js'
import { defaultPatience, type Patience, Requests } from './requests.js'
import type {
  AdamStep,
  Calling,
  Checkpoint,
  CheckpointName,
  Datum,
  LossName,
  ModelSettings,
  Passed,
  SampleCall,
  Sampled,
} from './types.js'
import { adamBody, answers, passBody, sampleBody } from './wire.js'

const maxAnswerBytes = 512 * 2 ** 20

/** Of a request that belongs to a model: `seqId` counts the model's requests from 1. */
interface OfModel extends Calling {
  modelId: string
  seqId: number
}

export class TinkerClient {
  readonly #http: TinkerHttp
  readonly #requests: Requests

  constructor({
    url,
    environment = process.env,
    patience = {},
    maxBytes = maxAnswerBytes,
  }: {
    /** `http://HOST:PORT`, or `https://.../services/tinker-prod`. */
    url: string
    /** The key is in its TINKER_API_KEY. */
    environment?: NodeJS.ProcessEnv
    patience?: Partial<Patience>
    /** Of one answer. */
    maxBytes?: number
  }) {
    this.#http = new TinkerHttp({ url, environment, maxBytes })
    this.#requests = new Requests(this.#http, { ...defaultPatience, ...patience })
  }

  get address(): string {
    return this.#http.address
  }

  /** Names of the base models. */
  async baseModels(calling: Calling = {}): Promise<string[]> {
    const call = { ...calling, method: 'GET', path: 'get_server_capabilities', repeatable: true } as const
    const { supported_models: models } = await this.#requests.call(call, answers.capabilities)
    return models.map(({ model_name: name }) => name)
  }

  async createSession(calling: Calling = {}): Promise<string> {
    const content = { tags: ['rlev'], user_metadata: {}, sdk_version: '0.24.1' }
    // A session that is made twice costs nothing.
    const call = { ...calling, method: 'POST', path: 'create_session', content, repeatable: true } as const
    return (await this.#requests.call(call, answers.session)).session_id
  }

  /** One attempt without patience: `ticker.ts` sends the next one soon. False if the server does not know the session. */
  async heartbeat(
    sessionId: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean> {
    const content = { session_id: sessionId }
    const said = await this.#http.exchange({ method: 'POST', path: 'session_heartbeat', content, timeoutMs, signal })
    return said.kind !== 'answer' || said.status !== 404
  }

  /** Not repeatable: each request makes a model, and a server has room for few. */
  async createModel({
    sessionId,
    modelSeqId,
    baseModel,
    rank,
    seed,
    ...calling
  }: ModelSettings & { sessionId: string; modelSeqId: number } & Calling): Promise<{
    modelId: string
    rank: number | null
    alpha: number | null
  }> {
    const content = {
      session_id: sessionId,
      model_seq_id: modelSeqId,
      base_model: baseModel,
      lora_config: { rank, seed, train_unembed: false, train_mlp: true, train_attn: true },
    }
    const created = await this.#operation('create_model', { content, calling }, answers.created)
    return {
      modelId: created.model_id,
      rank: created.lora_config?.rank ?? null,
      alpha: created.lora_config?.alpha ?? null,
    }
  }

  /** Frees the model's slot. */
  async unloadModel(modelId: string, calling: Calling = {}): Promise<void> {
    await this.#operation(
      'unload_model',
      { content: { model_id: modelId }, calling, repeatable: true },
      answers.anything,
    )
  }

  /** Adds to the model's gradient. */
  async forwardBackward({
    data,
    loss,
    modelId,
    seqId,
    ...calling
  }: OfModel & { data: readonly Datum[]; loss: LossName }): Promise<Passed> {
    const content = { forward_backward_input: passBody({ data, loss }), model_id: modelId, seq_id: seqId }
    return this.#passed('forward_backward', { content, calling, data })
  }

  /** Log-probabilities of the targets, which may be any token at any place. Changes nothing. */
  async forward({ data, modelId, seqId, ...calling }: OfModel & { data: readonly Datum[] }): Promise<Passed> {
    const content = { forward_input: passBody({ data, loss: 'cross_entropy' }), model_id: modelId, seq_id: seqId }
    return this.#passed('forward', { content, calling, data, repeatable: true })
  }

  /** Changes the weights by the gradient, which is 0 afterwards. */
  async optimStep({ adam, modelId, seqId, ...calling }: OfModel & { adam: AdamStep }): Promise<Record<string, number>> {
    const content = { adam_params: adamBody(adam), model_id: modelId, seq_id: seqId }
    return (await this.#operation('optim_step', { content, calling }, answers.stepped)).metrics
  }

  /** Weights, moments and the number of steps. Null if the name is taken. */
  saveState({ name, ...of }: OfModel & { name: string }): Promise<string | null> {
    return this.#save('save_weights', of, name)
  }

  /** The weights, for sampling and download. Null if the name is taken. */
  saveSampler({ name, ...of }: OfModel & { name: string }): Promise<string | null> {
    return this.#save('save_weights_for_sampler', of, name)
  }

  /** Only as the model's first request. */
  async loadState({
    path,
    optimizer = true,
    modelId,
    seqId,
    ...calling
  }: OfModel & { path: string; optimizer?: boolean }): Promise<void> {
    const content = { model_id: modelId, path, optimizer, seq_id: seqId }
    await this.#operation('load_weights', { content, calling }, answers.anything)
  }

  async sample({ source, tokens, settings, samples, ...calling }: SampleCall & Calling): Promise<Sampled[]> {
    const content = { ...sampleBody({ source, tokens, settings, ...given({ samples }) }), prompt_logprobs: false }
    const { sequences } = await this.#sampled(content, calling)
    return sequences.map(({ tokens, logprobs, stop_reason: finish }) => ({ tokens, logProbs: logprobs, finish }))
  }

  /** log pi of each token but the first, given those before it: of a base model, which is a run's reference. */
  async logProbsOf({ source, tokens, ...calling }: Pick<SampleCall, 'source' | 'tokens'> & Calling): Promise<number[]> {
    const settings = { maxTokens: 1, temperature: 1, seed: 0, stop: [] }
    const content = { ...sampleBody({ source, tokens, settings }), prompt_logprobs: true }
    const { prompt_logprobs: found } = await this.#sampled(content, calling)
    // Some servers have a number for the first token too, which is null.
    const logProbs = (found ?? []).slice(-(tokens.length - 1))
    if (found !== null && found !== undefined && logProbs.length === tokens.length - 1) return logProbs
    throw noPromptLogProbs(this.#placeOf('asample'), { expected: tokens.length - 1, found: found?.length })
  }

  /** Whole ones only. */
  async checkpoints(modelId: string, calling: Calling = {}): Promise<Checkpoint[]> {
    const path = `training_runs/${encodeURIComponent(modelId)}/checkpoints`
    const { checkpoints } = await this.#requests.call(
      { ...calling, method: 'GET', path, repeatable: true },
      answers.checkpoints,
    )
    return checkpoints.map(found => ({ id: found.checkpoint_id, type: found.checkpoint_type, path: found.tinker_path }))
  }

  /** Whether the server does not have it any more. False where it has no deletion, and where it does not answer. One attempt. */
  async deleteCheckpoint({ modelId, kind, name }: CheckpointName, { signal }: Calling = {}): Promise<boolean> {
    const path = `training_runs/${encodeURIComponent(modelId)}/checkpoints/${kind}/${encodeURIComponent(name)}`
    const timeoutMs = defaultPatience.requestTimeoutMs
    const said = await this.#http.exchange({ method: 'DELETE', path, timeoutMs, signal })
    if (said.kind !== 'answer') return false
    const isGone = said.status === 404 && /\bcheckpoint\b.*\bnot found\b/i.test(said.body)
    return isGone || (said.status >= 200 && said.status < 300)
  }

  /** The archive of a sampler checkpoint, to be read from the response's body (archive.ts). */
  async openArchive({
    modelId,
    name,
    ...limits
  }: {
    modelId: string
    name: string
    timeoutMs: number
    signal?: AbortSignal | undefined
  }): Promise<Response> {
    const path = `training_runs/${encodeURIComponent(modelId)}/checkpoints`
    const id = encodeURIComponent(name)
    const found = await this.#http.download(`${path}/${id}/archive`, limits)
    if (found.status !== 404) return found
    await found.body?.cancel()
    // As the SDK asks for it; SkyRL has only the other.
    return this.#http.download(`${path}/sampler_weights/${id}/archive`, limits)
  }

  #sampled(content: object, calling: Calling) {
    return this.#operation('asample', { content, calling, repeatable: true }, answers.sampled)
  }

  async #passed(
    path: string,
    { data, ...rest }: { content: object; calling: Calling; data: readonly Datum[]; repeatable?: boolean },
  ): Promise<Passed> {
    const { loss_fn_outputs: outputs, metrics } = await this.#operation(path, rest, answers.passed)
    const logProbs = outputs.map(({ logprobs }) => logprobs.data)
    const whole =
      logProbs.length === data.length && logProbs.every(({ length }, index) => length === data[index]?.targets.length)
    if (whole) return { logProbs, metrics }
    throw otherShape(this.#placeOf(path), { sequences: data.length, found: logProbs.map(({ length }) => length) })
  }

  async #save(path: string, { modelId, seqId, ...calling }: OfModel, name: string): Promise<string | null> {
    try {
      const content = { model_id: modelId, path: name, seq_id: seqId }
      return (await this.#operation(path, { content, calling }, answers.saved)).path
    } catch (error) {
      const isTaken =
        error instanceof RlevError && error.kind === 'CallInvalid' && /already exists/i.test(error.parts.found ?? '')
      if (isTaken) return null
      throw error
    }
  }

  #placeOf(path: string): string {
    return this.#http.placeOf({ method: 'POST', path })
  }

  #operation<Schema extends z.ZodType>(
    path: string,
    { content, calling, repeatable = false }: { content: object; calling: Calling; repeatable?: boolean },
    schema: Schema,
  ) {
    return this.#requests.operation({ path, content, repeatable, ...given(calling) }, schema)
  }
}
