/**
 * The proxy before a Tinker server. It tells the moments of each operation of a run: `asked`, before the server has the request; `taken`,
 * when the server has it and the client does not know; `done`, when its result is there and the client does not have it. What a probe asks
 * for, with adapters of another rank, is passed on without a word.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Answer, bytesOf, passOn, send } from '../proxies/http-exchange.js'

/** Those whose result is asked for. */
export const futures = [
  'asample',
  'forward',
  'forward_backward',
  'optim_step',
  'save_weights',
  'save_weights_for_sampler',
  'create_model',
  'load_weights',
  'unload_model',
] as const

/** Those that are answered at once. */
export const calls = ['archive', 'delete'] as const

export type Operation = (typeof futures)[number] | (typeof calls)[number]

export interface Moment {
  operation: Operation
  at: 'asked' | 'taken' | 'done'
}

/** `cut`: the client gets no answer, and before `taken` the server no request. */
export type OnMoment = (moment: Moment) => Promise<'pass' | 'cut'>

export class OperationsProxy {
  /** Replaced by a drill. */
  onMoment: OnMoment = async () => 'pass'
  readonly #target: URL
  readonly #rank: number
  readonly #server: Server
  readonly #models = new Set<string>()
  /** By the id of a request. */
  readonly #asked = new Map<string, Operation>()

  /** `rank`: of the adapters of the run. */
  static async start({ target, rank }: { target: string; rank: number }): Promise<OperationsProxy> {
    const proxy = new OperationsProxy(target, rank)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: string, rank: number) {
    this.#target = new URL(target)
    this.#rank = rank
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch(() => incoming.socket.resetAndDestroy())
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming)
    const operation = this.#operationOf(incoming, body)
    const isCut = async (moment: Moment | null) => {
      if (moment === null || (await this.onMoment(moment)) === 'pass') return false
      incoming.socket.resetAndDestroy()
      return true
    }
    if (await isCut(operation === null ? null : { operation, at: 'asked' })) return
    const answer = await this.#pass(incoming, body)
    if (answer === null) {
      // Nobody took the request, and nobody will: the client is to ask again.
      response.writeHead(429, { 'retry-after': '1' }).end()
      return
    }
    if (await isCut(this.#after({ incoming, body, operation, answer }))) return
    send(response, answer)
  }

  /** Null for what is not an operation of the run. */
  #operationOf({ method, url = '' }: IncomingMessage, body: Buffer): Operation | null {
    const path = url.split('?')[0] as string
    const name = path.replace(/^.*\/api\/v1\//, '')
    const ofModel = /^training_runs\/([^/]+)\/checkpoints\//.exec(name)?.[1]
    if (ofModel !== undefined) {
      if (!this.#models.has(ofModel)) return null
      if (method === 'DELETE') return 'delete'
      return name.endsWith('/archive') ? 'archive' : null
    }
    const operation = futures.find(known => known === name)
    if (operation === undefined) return null
    const sent = parsed(body)
    if (operation === 'create_model') return sent.lora_config?.rank === this.#rank ? operation : null
    const model = sent.model_id ?? /^tinker:\/\/([^/]+)\//.exec(sent.model_path ?? '')?.[1]
    return model !== undefined && this.#models.has(model) ? operation : null
  }

  /** The moment that an answer is; remembers models and requests. */
  #after({
    incoming,
    body,
    operation,
    answer,
  }: {
    incoming: IncomingMessage
    body: Buffer
    operation: Operation | null
    answer: Answer
  }): Moment | null {
    if (operation === 'archive' || operation === 'delete') return { operation, at: 'done' }
    const said = parsed(answer.body)
    if (operation !== null) {
      if (answer.status !== 200) return null
      if (operation === 'create_model' && said.model_id !== undefined) this.#models.add(said.model_id)
      this.#asked.set(String(said.request_id), operation)
      return { operation, at: 'taken' }
    }
    if (!incoming.url?.endsWith('/retrieve_future')) return null
    const asked = this.#asked.get(String(parsed(body).request_id))
    const isDone = answer.status === 200 && said.type !== 'try_again' && said.status !== 'pending'
    return asked !== undefined && isDone ? { operation: asked, at: 'done' } : null
  }

  /** Null where the server is away. */
  async #pass(incoming: IncomingMessage, body: Buffer): Promise<Answer | null> {
    const { protocol, hostname, port, pathname, host } = this.#target
    const path = pathname.replace(/\/$/, '') + (incoming.url ?? '')
    try {
      // A server on this machine that says where a download is says it of the proxy.
      return await passOn(incoming, body, { hostname, port, path, ...(protocol === 'https:' ? { request, host } : {}) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return null
      throw error
    }
  }
}

interface Said {
  model_id?: string
  model_path?: string
  request_id?: string | number
  lora_config?: { rank?: number }
  type?: string
  status?: string
}

function parsed(bytes: Buffer): Said {
  try {
    return (JSON.parse(bytes.toString('utf8')) ?? {}) as Said
  } catch {
    return {}
  }
}
