/** The HTTP server: routes, and the limits that keep one client from harming the others. It listens when it is told to. */
import type { IncomingMessage } from 'node:http'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ResponseToScore, ScoredResponse } from '../../pipelines/rewards/score-responses.js'
import { type Arm, servedRows } from '../../pipelines/rewards/serving/served-rows.js'
import { refuseStranger } from './access.js'
import { BodyRoom, type BodyShare, readBody } from './body.js'
import { ServerMetrics } from './metrics.js'
import { bodyOf, Refusal, refusalOf, retryAfterS } from './refusal.js'
import { noRoute, rewardRoutes } from './routes.js'
import type { Scorer } from './scorer.js'

export interface ServerLimits {
  /** Of one body. */
  maxBodyBytes: number
  /** Of one answer, from the end of the request. */
  timeoutMs: number
  /** For the head of a request. */
  headTimeoutMs: number
  /** For a whole request. */
  receiveTimeoutMs: number
  maxConnections: number
}

export const defaultLimits: ServerLimits = {
  maxBodyBytes: 16 * 2 ** 20,
  timeoutMs: 120_000,
  headTimeoutMs: 10_000,
  receiveTimeoutMs: 60_000,
  maxConnections: 20_000,
}

/** Bodies that are held at once, in bodies of the largest size. */
const bodiesAtOnce = 16

/** How often connections are looked at for one that is too slow. (ms) */
const checkingIntervalMs = 1_000

export interface ServerParts {
  arm: Arm
  scorer: Scorer
  token: string | undefined
  /** Texts of end tokens; without one in a response it was cut. */
  ends: readonly string[]
  limits?: Partial<ServerLimits>
  /** Aborted when the server gives up what is under way. */
  stop?: AbortSignal
  /** Told of failures that are not the client's. */
  onFailure?: (text: string) => void
}

export function makeServer({ arm, scorer, token, ends, stop, onFailure, ...parts }: ServerParts): FastifyInstance {
  const limits = { ...defaultLimits, ...parts.limits }
  const app = fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.receiveTimeoutMs,
    // A client that does not read its answer; one that waits for it has until the timeout of the answer.
    connectionTimeout: limits.timeoutMs + limits.receiveTimeoutMs,
    keepAliveTimeout: limits.receiveTimeoutMs,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: limits.headTimeoutMs,
      connectionsCheckingInterval: Math.min(checkingIntervalMs, limits.headTimeoutMs),
    },
  })
  app.server.maxConnections = limits.maxConnections
  const room = new BodyRoom(bodiesAtOnce * limits.maxBodyBytes)
  const metrics = new ServerMetrics({ rowsAtWork: () => scorer.rowsAtWork, bodyBytes: () => room.held })
  const shares = new WeakMap<FastifyRequest, BodyShare>()

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== '/healthz') refuseStranger(request.headers, token)
    const share = room.share()
    shares.set(request, share)
    // Also if the client has gone.
    reply.raw.once('close', share.free)
  })
  app.addHook('onResponse', async ({ routeOptions }, reply) => {
    metrics.countRequest(routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1000)
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, { maxBytes: limits.maxBodyBytes, share: shares.get(request) as BodyShare }),
  )
  app.setErrorHandler((error, _, reply) => refuse(reply, refusalOf(error), onFailure))
  app.setNotFoundHandler((_, reply) => refuse(reply, noRoute(), onFailure))

  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  app.post('/seed_session', async () => ({}))
  for (const { path, rows, answer } of rewardRoutes(ends)) {
    app.post(path, async (request, reply) => {
      const { body, query } = request
      const asked = servedRows(rows(body), arm)
      const scores = await scoredWithin(scorer, asked, { reply, timeoutMs: limits.timeoutMs, stop })
      metrics.countRows(path, scores)
      // Written here: a number alone is no answer to fastify.
      return reply.type('application/json').send(JSON.stringify(answer(scores, { body, query })))
    })
  }
  return app
}

/** The scores, unless the client goes, the time is over or the server stops before. Throws Refusal. */
async function scoredWithin(
  scorer: Scorer,
  responses: readonly ResponseToScore[],
  { reply, timeoutMs, stop }: { reply: FastifyReply; timeoutMs: number; stop: AbortSignal | undefined },
): Promise<ScoredResponse[]> {
  const given = new AbortController()
  const late = new Refusal(504, {
    message: 'no answer in time',
    expected: `an answer within ${timeoutMs / 1000} s`,
    remedy: 'send fewer rows in a request, or start the server with a larger --timeout',
  })
  const timer = setTimeout(() => given.abort(late), timeoutMs)
  reply.raw.once('close', () => given.abort(new Refusal(499, { message: 'the client has gone' })))
  const signal = stop === undefined ? given.signal : AbortSignal.any([stop, given.signal])
  try {
    return await scorer.score(responses, signal)
  } finally {
    clearTimeout(timer)
  }
}

/** The connection ends with a request whose body may not have been read, so that it is not read any more. */
function refuse(reply: FastifyReply, refusal: Refusal, onFailure: ((text: string) => void) | undefined): FastifyReply {
  const { status } = refusal
  if (status === 500) onFailure?.(refusal.message)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503) reply.header('retry-after', String(retryAfterS))
  if (status !== 400 && status !== 404) reply.header('connection', 'close')
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify(bodyOf(refusal)))
}
