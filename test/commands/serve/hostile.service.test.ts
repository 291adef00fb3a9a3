/** Clients that are slow, gone, too many or too large, and a verifier that hangs: the others are answered meanwhile. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { tokenFor } from '../../../commands/serve/access.js'
import { type Serving, startServing } from './serving.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-hostile-serve-'))
after(() => rmSync(root, { recursive: true }))

const row = { response: '#### 18', answer: '18', points: 5, total: 100 }

async function assertServes({ post }: Serving): Promise<void> {
  const { body } = await post('/score', [row])
  assert.equal((body as { reward: number }[])[0]?.reward, 1.5)
}

/** A connection that sends what it is told and keeps what it is answered. */
async function connected(port: number): Promise<{ socket: Socket; answer: () => string; closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', part => {
    answer += part.toString()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>(settle => socket.once('close', () => settle()))
  await new Promise(settle => socket.once('connect', settle))
  return { socket, answer: () => answer, closed }
}

const head = (length: number | 'chunked', path = '/score') =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${
    length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  }\r\n\r\n`

test('a body of 1 GB is refused before it is read, announced or not', async t => {
  const server = await startServing({ t, limits: { maxBodyBytes: 100_000 } })
  const announced = await connected(server.port)
  announced.socket.write(head(2 ** 30))
  await announced.closed
  assert.match(announced.answer(), /413 .*the body is too long/s)

  const chunked = await connected(server.port)
  chunked.socket.write(head('chunked'))
  const part = 'a'.repeat(60_000)
  let sent = 0
  while (!chunked.socket.destroyed && sent < 2 ** 30) {
    if (!chunked.socket.write(`${part.length.toString(16)}\r\n${part}\r\n`)) {
      await Promise.race([new Promise(settle => chunked.socket.once('drain', settle)), chunked.closed])
    }
    sent += part.length
  }
  assert.ok(sent < 2 ** 26, `${sent} bytes were taken`)
  assert.match(chunked.answer(), /413 .*the body is too long/s)
  await assertServes(server)
  assert.match(await server.get('/metrics'), /rlev_body_bytes 0\n/)
})

test('senders that announce a body and send it slowly are dropped after the time limit', async t => {
  const server = await startServing({ t, limits: { headTimeoutMs: 500, receiveTimeoutMs: 1_500 } })
  const inBody = await connected(server.port)
  inBody.socket.write(`${head(1000)}[`)
  const inHead = await connected(server.port)
  inHead.socket.write('POST /score HTTP/1.1\r\nHost: 127.')
  const silent = await connected(server.port)
  const began = performance.now()
  const drip = setInterval(() => inBody.socket.write(' '), 100)
  await assertServes(server)
  await Promise.all([inBody.closed, inHead.closed, silent.closed])
  clearInterval(drip)
  assert.ok(performance.now() - began < 10_000)
  assert.match(inHead.answer(), /408/)
  await assertServes(server)
})

test('thousands of connections that say nothing keep nobody out, and are closed', async t => {
  const server = await startServing({ t, limits: { headTimeoutMs: 3_000 } })
  const idle: Awaited<ReturnType<typeof connected>>[] = []
  // As many at once as the kernel queues: it would forget others, and their clients would not learn of it.
  for (let round = 0; round < 20; round++) {
    idle.push(...(await Promise.all(Array.from({ length: 100 }, () => connected(server.port)))))
    await server.get('/healthz')
  }
  const began = performance.now()
  await assertServes(server)
  assert.ok(performance.now() - began < 2_000)
  await Promise.all(idle.map(({ closed }) => closed))
})

test('above the limit further connections are closed, and those that are there are answered', async t => {
  const server = await startServing({ t, limits: { maxConnections: 3 } })
  const first = await connected(server.port)
  const others = await Promise.all([connected(server.port), connected(server.port)])
  const tooMany = await connected(server.port)
  await tooMany.closed
  first.socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  while (!first.answer().includes('{"status":"ok"}')) await wait(10)
  for (const { socket } of [first, ...others]) socket.destroy()
})

test('bodies of many requests have one limit together: the next one is told to come again', async t => {
  const server = await startServing({ t, limits: { maxBodyBytes: 50_000 } })
  const holders = await Promise.all(Array.from({ length: 16 }, () => connected(server.port)))
  for (const { socket } of holders) socket.write(`${head(50_000)}${' '.repeat(49_999)}`)
  while (!/rlev_body_bytes 79\d{4}\n/.test(await server.get('/metrics'))) await wait(20)
  const refused = await fetch(`${server.url}/score`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ ...row, response: 'a'.repeat(1000) }]),
  })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  for (const { socket } of holders) socket.destroy()
  while (!/rlev_body_bytes 0\n/.test(await server.get('/metrics'))) await wait(20)
  await assertServes(server)
})

const module = join(root, 'verifier.mjs')
writeFileSync(
  module,
  `export const verify = ({ answer }) => {
  for (const began = Date.now(); answer.startsWith('hang') && Date.now() - began < 60_000; );
  return answer === '18'
}`,
)

test('a verifier that hangs leaves its response unscored; other requests are answered meanwhile', async t => {
  const server = await startServing({
    t,
    set: [`reward.verifier=${module}`, 'reward.timeoutMs=1500', 'reward.answer=whole'],
  })
  const hanging = server.post('/score', [{ ...row, response: 'hang' }])
  const began = performance.now()
  const { body: health } = { body: await server.get('/healthz') }
  assert.equal(health, '{"status":"ok"}')
  assert.ok(performance.now() - began < 1_000)
  const [score] = (await hanging).body as { verdict: string; reward: unknown; reason: string }[]
  assert.equal(score?.verdict, 'unscored')
  assert.equal(score?.reward, null)
  assert.match(score?.reason ?? '', /1500/)
  const { body } = await server.post('/score', [{ ...row, response: '18' }])
  assert.equal((body as { reward: number }[])[0]?.reward, 1.5)
})

test('an answer that takes longer than the limit is given up, and what the client asked for ends', async t => {
  const server = await startServing({
    t,
    set: [`reward.verifier=${module}`, 'reward.timeoutMs=60000', 'reward.answer=whole'],
    limits: { timeoutMs: 800 },
  })
  const { status, body } = await server.post('/score', [{ ...row, response: 'hang' }])
  assert.equal(status, 504)
  assert.match(JSON.stringify(body), /no answer in time.*0\.8 s/)
  assert.match(await server.get('/metrics'), /rlev_rows_at_work 0\n/)
})

test('what a killed client asked for ends at once', async t => {
  const server = await startServing({
    t,
    set: [`reward.verifier=${module}`, 'reward.timeoutMs=60000', 'reward.answer=whole'],
  })
  const asked = request(`${server.url}/score`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  asked.on('error', () => {})
  asked.end(JSON.stringify([{ ...row, response: 'hang' }]))
  while (!/rlev_rows_at_work 1\n/.test(await server.get('/metrics'))) await wait(20)
  asked.destroy()
  while (!/rlev_rows_at_work 0\n/.test(await server.get('/metrics'))) await wait(20)
  const { body } = await server.post('/score', [{ ...row, response: '18' }])
  assert.equal((body as { reward: number }[])[0]?.reward, 1.5)
  assert.deepEqual(server.failures, [])
})

test('JSON that is deep, full of values or not UTF-8 is refused, and the server goes on', async t => {
  const server = await startServing({ t })
  for (const [sent, expected] of [
    ['['.repeat(1_000_000), /nested more than 50 deep/],
    [`[${'{},'.repeat(2_000_001)}{}]`, /more than 2000000 values/],
    [`[${'{},'.repeat(10_000)}{}]`, /at most 10000 rows/],
    [JSON.stringify([{ ...row, response: 'a'.repeat(1_000_001) }]), /at most 1000000 are expected/],
    [`[{"__proto__": {"reward": 9}, "response": "1", "answer": "18"}]`, /"reward":0/],
  ] as const) {
    const { body } = await server.post('/score', sent)
    assert.match(JSON.stringify(body), expected)
  }
  const broken = await fetch(`${server.url}/score`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array([0x5b, 0xff, 0x5d]),
  })
  assert.match(await broken.text(), /no UTF-8/)
  await assertServes(server)
})

test('a judge that is down is a 503 for its clients', async t => {
  const server = await startServing({
    t,
    set: ['judge.url=http://127.0.0.1:9/v1', 'judge.model=none', 'judge.attempts=1', 'judge.timeout=1'],
  })
  const { status, body } = await server.post('/score', [row])
  assert.equal(status, 503)
  assert.match(JSON.stringify(body), /the judge does not answer/)
})

test('with a token, each route but the health wants it: as a bearer, or as the password in an address', async t => {
  const token = 'a-token-of-more-than-16-characters'
  const server = await startServing({ t, token })
  const status = async (authorization?: string, path = '/score') => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    return (await server.post(path, [row], headers)).status
  }
  assert.equal(await status(`Bearer ${token}`), 200)
  assert.equal(await status(`Basic ${Buffer.from(`rlev:${token}`).toString('base64')}`), 200)
  for (const wrong of [undefined, 'Bearer', `Bearer ${token}x`, `Basic ${token}`, token]) {
    assert.equal(await status(wrong), 401)
    assert.equal(await status(wrong, '/get_reward'), 401)
  }
  assert.equal((await fetch(`${server.url}/metrics`)).status, 401)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  // The body is not read before the token.
  const stranger = await connected(server.port)
  stranger.socket.write(head(1_000_000))
  await stranger.closed
  assert.match(stranger.answer(), /401/)
})

test('without a token the server listens on this machine only, and answers to no other name', async t => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) assert.equal(tokenFor(host, {}), undefined)
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.example.org']) {
    assert.throws(() => tokenFor(host, {}), /needs a token.*RLEV_SERVE_TOKEN/s)
  }
  assert.throws(() => tokenFor('127.0.0.1', { RLEV_SERVE_TOKEN: 'short' }), /can be guessed/)
  const long = 'x'.repeat(32)
  assert.equal(tokenFor('0.0.0.0', { RLEV_SERVE_TOKEN: long }), long)
  const server = await startServing({ t })
  const page = await connected(server.port)
  page.socket.write('GET /metrics HTTP/1.1\r\nHost: page.example.org\r\n\r\n')
  await page.closed
  assert.match(page.answer(), /403 .*addresses of this machine only/s)
})
