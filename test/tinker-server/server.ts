/**
 * A small server of the Tinker API over rlev's own engine. Operations run one after another, in the order in which they came.
 * test/tinker-server/settings.ts says in what it can behave otherwise.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { disposePolicy } from '../../pipelines/model/policy.js'
import { archiveOf } from './archive.js'
import type { Kind, Models } from './models.js'
import { losses, type WireDatum } from './passes.js'
import { Records } from './records.js'
import { type SampleRequest, sample } from './sampling.js'
import { Refusal, type ServerSettings } from './settings.js'
import { Silence } from './silence.js'

interface Body extends Partial<SampleRequest> {
  model_id: string
  session_id: string
  seq_id?: number
  path: string
  lora_config: { rank: number; seed: number }
  base_model?: string
  model_path?: string
  optimizer?: boolean
  request_id: string
  forward_input: { data: WireDatum[] }
  forward_backward_input: { data: WireDatum[]; loss_fn: string }
  adam_params: Parameters<Models['step']>[1]
}

/** How long a poll is held before 408. */
const heldMs = 2_000

const deduped = ['forward', 'forward_backward', 'optim_step']

export function makeServer(models: Models, settings: ServerSettings): FastifyInstance {
  const app = fastify({ bodyLimit: 2 ** 28 })
  const records = new Records(settings.folder)
  const begun = new Map<string, number>()
  const posted = new Map<string, number>()
  let last: Promise<void> = Promise.resolve()
  const sessions = new Silence(models, settings.sessionTimeoutMs)
  const sweep = setInterval(() => {
    last = last.then(() => sessions.unloadSilent())
  }, settings.sessionTimeoutMs / 4)
  app.addHook('onClose', async () => clearInterval(sweep))

  const count = (counts: Map<string, number>, name: string) => {
    const number = (counts.get(name) ?? 0) + 1
    counts.set(name, number)
    return number
  }
  const killAt = (operation: string, nth: number, at: 'before' | 'during' | 'after') => {
    const { kill } = settings
    if (kill?.operation === operation && kill.nth === nth && kill.at === at) process.kill(process.pid, 'SIGKILL')
  }

  const work: Record<string, (body: Body, during: () => void, id: string) => Promise<object>> = {
    async create_model({ lora_config: config, base_model: base, session_id: session }, _, id) {
      models.create(`model_${id}`, config)
      sessions.made(`model_${id}`, session)
      return { model_id: `model_${id}`, base_model: base, lora_config: { ...config, alpha: 32 } }
    },
    async unload_model({ model_id: id }) {
      models.unload(id)
      return { model_id: id, status: 'unloaded' }
    },
    async forward({ model_id: id, forward_input: { data } }) {
      return passed(data, await models.forward(id, data))
    },
    async forward_backward({ model_id: id, forward_backward_input: { data, loss_fn: loss } }, during) {
      if (!(loss in losses)) throw new Refusal(400, `Unknown loss ${loss}`)
      const logProbs = await models.forwardBackward(id, data, loss as keyof typeof losses)
      during()
      return passed(data, logProbs)
    },
    async optim_step({ model_id: id, adam_params: adam }, during) {
      const metrics = await models.step(id, adam)
      during()
      return { metrics }
    },
    async save_weights(body, during) {
      return save('weights', body, during)
    },
    async save_weights_for_sampler(body, during) {
      return save('sampler_weights', body, during)
    },
    async load_weights({ model_id: id, path, optimizer = true }) {
      const [, from = '', name = ''] = /^tinker:\/\/([\w-]+)\/weights\/([\w-]+)$/.exec(path) ?? []
      await models.load(id, models.folderOf(from, 'weights', name), { optimizer })
      return { type: 'load_weights' }
    },
    async asample(body) {
      const { model_path: path, base_model: base } = body
      if (base !== undefined) return sample(models.base, body as SampleRequest, settings)
      const [, id = '', name = ''] = /^tinker:\/\/([\w-]+)\/(?:sampler_weights\/)?([\w-]+)$/.exec(path ?? '') ?? []
      const policy = await models.sampler(id, name)
      try {
        return await sample(policy, body as SampleRequest, settings)
      } finally {
        disposePolicy(policy)
      }
    },
  }

  async function save(kind: Kind, { model_id: id, path: name }: Body, whenWritten: () => void) {
    if (!/^[\w-]{1,255}$/.test(name)) throw new Refusal(422, 'path')
    await models.save(id, { kind, name, whenWritten })
    return { path: `tinker://${id}/${kind}/${name}` }
  }

  function accept(operation: string, body: Body): { request_id: string; model_id?: string } {
    const { model_id: model, seq_id: number } = body
    const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex')
    const isNumbered = number !== undefined && deduped.includes(operation) && settings.resend === 'counted once'
    const key = isNumbered ? `${model} ${number}` : null
    const before = key === null ? undefined : records.sentBefore(key)
    if (before !== undefined && before.digest !== digest)
      throw new Refusal(409, 'Training request sequence number was reused')
    if (before !== undefined) return { request_id: before.id }
    if (operation.startsWith('save_') && models.names(model, kindOf(operation)).includes(body.path))
      throw new Refusal(409, `Checkpoint '${body.path}' already exists for model '${model}'`)
    const id = String(records.count + 1)
    records.begin(id, { key, digest })
    last = last.then(() => run(operation, body, id))
    return operation === 'create_model' ? { request_id: id, model_id: `model_${id}` } : { request_id: id }
  }

  async function run(operation: string, body: Body, id: string): Promise<void> {
    const nth = count(begun, operation)
    killAt(operation, nth, 'before')
    try {
      const isFirst = operation !== 'create_model' && body.model_id !== undefined && models.countRequest(body.model_id)
      if (operation === 'load_weights' && !isFirst)
        throw new Refusal(400, `LoadWeights is not permitted with seq_id ${body.seq_id}`)
      const value = await work[operation]?.(body, () => killAt(operation, nth, 'during'), id)
      records.finish(id, { status: 200, value: value as object })
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 400
      records.finish(id, { status, detail: (error as Error).message })
    }
    killAt(operation, nth, 'after')
  }

  async function retrieve(id: string): Promise<object> {
    const until = performance.now() + heldMs
    for (;;) {
      const result = records.result(id)
      if (result === undefined) throw new Refusal(404, 'Future not found')
      if (result !== null && 'value' in result) return result.value
      if (result !== null) throw new Refusal(result.status, result.detail)
      if (settings.polls === 'try again') return { type: 'try_again', request_id: id, queue_state: 'active' }
      if (settings.polls === 'request timeout' || performance.now() > until) throw new Refusal(408, 'not yet')
      await delay(5)
    }
  }

  app.setErrorHandler((error, _, reply: FastifyReply) =>
    reply.code(error instanceof Refusal ? error.status : 500).send({ detail: (error as Error).message }),
  )
  app.get('/api/v1/healthz', async () => ({ status: 'ok' }))
  app.get('/api/v1/get_server_capabilities', async () => ({ supported_models: [{ model_name: settings.base }] }))
  app.post('/api/v1/create_session', async () => {
    const id = `session_${records.sessionCount + 1}`
    records.addSession(id)
    sessions.beat(id)
    return { session_id: id }
  })
  app.post<{ Body: Body }>('/api/v1/session_heartbeat', async ({ body }) => {
    if (!records.hasSession(body.session_id)) throw new Refusal(404, 'Session not found')
    sessions.beat(body.session_id)
    return { type: 'session_heartbeat' }
  })
  app.post<{ Body: Body }>('/api/v1/retrieve_future', async ({ body }) => retrieve(body.request_id))
  for (const operation of Object.keys(work)) {
    app.post<{ Body: Body }>(`/api/v1/${operation}`, async ({ body, raw }) => {
      if (operation === 'create_model' && !records.hasSession(body.session_id))
        throw new Refusal(404, 'Session not found')
      const answer = accept(operation, body)
      const { cut } = settings
      if (count(posted, operation) === cut?.nth && cut.path === operation) raw.socket.destroy()
      return answer
    })
  }
  app.get<{ Params: { id: string } }>('/api/v1/training_runs/:id/checkpoints', async ({ params: { id } }) => ({
    checkpoints: (['weights', 'sampler_weights'] as const).flatMap(kind =>
      models.names(id, kind).map(name => ({
        checkpoint_id: name,
        checkpoint_type: kind === 'weights' ? 'training' : 'sampler',
        tinker_path: `tinker://${id}/${kind}/${name}`,
      })),
    ),
  }))
  if (settings.deletion === 'offered') {
    app.delete<{ Params: { id: string; kind: Kind; name: string } }>(
      '/api/v1/training_runs/:id/checkpoints/:kind/:name',
      async ({ params: { id, kind, name } }, reply) => {
        models.delete(id, kind, name)
        return reply.code(204).send()
      },
    )
  }
  const archive = '/api/v1/training_runs/:id/checkpoints/:name/archive'
  app.get<{ Params: { id: string; name: string } }>(archive, async ({ url }, reply) =>
    reply.redirect(`${url}/download`),
  )
  app.get<{ Params: { id: string; name: string } }>(`${archive}/download`, async ({ params: { id, name } }, reply) => {
    if (!models.names(id, 'sampler_weights').includes(name)) throw new Refusal(404, 'Checkpoint not found')
    return reply.type('application/gzip').send(archiveOf(models.folderOf(id, 'sampler_weights', name)))
  })
  return app
}

const kindOf = (operation: string): Kind => (operation === 'save_weights' ? 'weights' : 'sampler_weights')

function passed(data: readonly WireDatum[], logProbs: readonly number[][]): object {
  const outputs = data.map((_, index) => {
    const values = logProbs[index] as number[]
    return { logprobs: { data: values, dtype: 'float32', shape: [values.length] } }
  })
  return { loss_fn_output_type: 'scalar', loss_fn_outputs: outputs, metrics: {} }
}
