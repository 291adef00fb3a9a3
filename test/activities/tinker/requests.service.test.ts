/** What the client makes of answers: those of the protocol, and of servers that are away, slow, foreign or hostile. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { TinkerClient } from '../../../activities/tinker/client.js'
import { RlevError } from '../../../pipelines/errors.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const json =
  (status: number, value: unknown, headers = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }
const accepted = json(200, { request_id: '1' })
const stepped = json(200, { metrics: { norm: 1, note: 'text' } })

/** A server that answers each path with its answers in turn, the last one again and again. */
async function answering(
  t: TestContext,
  answers: Record<string, Answer[]>,
): Promise<{ url: string; seen: string[]; headers: IncomingMessage['headers'][] }> {
  const seen: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace('/api/v1/', '')
    seen.push(path)
    headers.push(request.headers)
    const left = answers[path] ?? [json(404, { detail: 'Not Found' })]
    request.resume().once('end', () => (left.length > 1 ? left.shift() : left[0])?.(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, headers }
}

const clientOf = (
  url: string,
  {
    environment = {},
    patienceMs = 8_000,
    ...rest
  }: { environment?: NodeJS.ProcessEnv; maxBytes?: number; patienceMs?: number } = {},
) =>
  new TinkerClient({
    url,
    environment,
    patience: { requestTimeoutMs: Math.min(5_000, patienceMs), pollTimeoutMs: 1_000, patienceMs, backoffMs: 5 },
    ...rest,
  })

const adam = { learningRate: 1, betas: [0, 0], epsilon: 1, weightDecay: 0, clipNorm: null } as const
const step = (client: TinkerClient, signal?: AbortSignal) => client.optimStep({ modelId: 'm', seqId: 1, adam, signal })
const key = 'tml-secret-0123456789'

test('a result is waited for through every answer that means not yet, and through a server that is away for a while', async t => {
  const { url, seen } = await answering(t, {
    optim_step: [json(429, {}, { 'retry-after': '0.01' }), accepted],
    retrieve_future: [
      json(408, {}),
      json(200, { type: 'try_again', queue_state: 'paused_capacity' }),
      json(200, { status: 'pending' }),
      json(200, { status: 'complete_metadata', response_payload_size: 9 }),
      json(503, {}),
      (request, _) => request.socket.destroy(),
      stepped,
    ],
  })
  assert.deepEqual(await step(clientOf(url)), { norm: 1 })
  assert.equal(seen.filter(path => path === 'optim_step').length, 2)
  assert.equal(seen.filter(path => path === 'retrieve_future').length, 7)
})

test('a poll that a server holds is asked again while the server is well, and given up if it is not', async t => {
  const held: Answer = () => {}
  const well = await answering(t, {
    optim_step: [accepted],
    retrieve_future: [held, held, stepped],
    healthz: [json(200, {})],
  })
  assert.deepEqual(await step(clientOf(well.url)), { norm: 1 })
  const stuck = await answering(t, { optim_step: [accepted], retrieve_future: [held], healthz: [held] })
  await assert.rejects(step(clientOf(stuck.url, { patienceMs: 1_500 })), {
    kind: 'ServiceUnavailable',
    message: /no answer in time/,
  })
})

const failures: [name: string, answer: Answer, kind: string, message: RegExp][] = [
  [
    'a model that is gone',
    json(400, { detail: 'Model m not loaded (likely stale request)' }),
    'EngineEnded',
    /go on from the newest state/,
  ],
  ['a refusal', json(400, { detail: 'LoRA rank 0 must be between 1 and 16' }), 'CallInvalid', /rank 0 must be/],
  ['a result that never was', json(404, { detail: 'Future not found' }), 'EngineEnded', /Future not found/],
  ['a result that is forgotten', json(410, {}), 'ServiceUnavailable', /forgotten/],
  ['a fault of the caller in the hosted form', json(200, { error: 'bad', category: 'user' }), 'CallInvalid', /bad/],
  [
    'a fault of the server in the hosted form',
    json(200, { error: 'lost a worker', category: 'server' }),
    'ServiceUnavailable',
    /lost a worker/,
  ],
  ['an answer of another service', (_, response) => response.end('<html>'), 'CallInvalid', /not one of the Tinker API/],
  ['another shape', json(200, { metrics: [] }), 'CallInvalid', /not one of the Tinker API/],
  ['nesting without end', (_, response) => response.end('['.repeat(100_000)), 'CallInvalid', /nested more than/],
  ['a redirect', json(302, {}, { location: 'http://127.0.0.1:1/' }), 'CallInvalid', /302/],
  ['a key that is not known', json(401, { detail: `key ${key} is not known` }), 'CallInvalid', /TINKER_API_KEY/],
]
for (const [name, answer, kind, message] of failures) {
  test(`failures by kind: ${name}`, async t => {
    const { url } = await answering(t, { optim_step: [accepted], retrieve_future: [answer] })
    await assert.rejects(step(clientOf(url, { environment: { TINKER_API_KEY: key } })), (error: unknown) => {
      assert.ok(error instanceof RlevError)
      assert.equal(error.kind, kind)
      assert.match(error.message, message)
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error.parts)}`, /secret/)
      return true
    })
  })
}

test('a body is read up to its limit', async t => {
  let sent = 0
  const endless: Answer = (_, response) => {
    const part = Buffer.alloc(65_536, 'x')
    const more = () => {
      while (!response.destroyed && response.write(part)) sent += part.length
      response.once('drain', more)
    }
    more()
  }
  const { url } = await answering(t, { optim_step: [accepted], retrieve_future: [endless] })
  await assert.rejects(step(clientOf(url, { maxBytes: 100_000 })), {
    kind: 'CallInvalid',
    message: /more than 100000 bytes/,
  })
  assert.ok(sent < 64 * 2 ** 20, `${sent} bytes`)
})

test('what changes a model is sent again only if it was certainly not taken', async t => {
  const broken = await answering(t, { optim_step: [json(502, {})] })
  await assert.rejects(step(clientOf(broken.url)), { kind: 'ServiceUnavailable', message: /it is unclear whether/ })
  assert.equal(broken.seen.length, 1)
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
  closed.close()
  await assert.rejects(step(clientOf(gone, { patienceMs: 1_500 })), {
    kind: 'ServiceUnavailable',
    message: /does not answer/,
  })
})

test('an abort ends the waiting with its reason', async t => {
  const { url } = await answering(t, { optim_step: [accepted], retrieve_future: [json(200, { type: 'try_again' })] })
  const reason = new Error('cancelled')
  const stop = new AbortController()
  setTimeout(() => stop.abort(reason), 100)
  await assert.rejects(
    step(clientOf(url), stop.signal),
    error => error === reason || (error as Error).name === 'AbortError',
  )
})

test('the key goes to the server and into no error; without encryption it goes nowhere but to this machine', async t => {
  const { url, headers } = await answering(t, { optim_step: [accepted], retrieve_future: [stepped] })
  await step(clientOf(url, { environment: { TINKER_API_KEY: ` ${key}\n` } }))
  assert.ok(headers.every(({ 'x-api-key': sent }) => sent === key))
  const withKey = (address: string) => () => clientOf(address, { environment: { TINKER_API_KEY: key } })
  assert.throws(withKey('http://head.cluster:8000'), { kind: 'CallInvalid', message: /unencrypted/ })
  assert.doesNotThrow(withKey('https://tinker.thinkingmachines.dev/services/tinker-prod'))
  assert.doesNotThrow(() => clientOf('http://head.cluster:8000'))
  for (const wrong of ['ftp://x', 'head:8000', 'http://user:pass@head', 'http://head/?key=1', '']) {
    assert.throws(() => clientOf(wrong), { kind: 'CallInvalid', message: /address/ })
  }
})
