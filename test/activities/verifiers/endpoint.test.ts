/** A verifier over HTTP: a real server that answers slowly, wrongly, with errors and not at all. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { askEndpoint } from '../../../activities/verifiers/ask-endpoint.js'
import type { EndpointConfig } from '../../../activities/verifiers/endpoint-server.js'
import { Marker } from '../../../activities/verifiers/marker.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import type { VerifierQuestion } from '../../../pipelines/rewards/own/verify-types.js'

interface Received {
  version: number
  verifier: string
  questions: VerifierQuestion[]
}

type Behaviour = (answer: ServerResponse, received: Received, n: number) => void

const reply = (answer: ServerResponse, status: number, body: unknown = '') =>
  answer
    .writeHead(status, { 'content-type': 'application/json' })
    .end(typeof body === 'string' ? body : JSON.stringify(body))

const right: Behaviour = (answer, { questions }) =>
  reply(answer, 200, { marks: questions.map(question => question.answer === question.reference) })

let behaviour: Behaviour
let received: { body: Received; headers: IncomingHttpHeaders }[]
let home: string
let url: string
const server = createServer((request, answer) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Received
    received.push({ body, headers: request.headers })
    behaviour(answer, body, received.length - 1)
  })
})

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'rlev-endpoint-'))
  behaviour = right
  received = []
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mark`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise<void>(done => server.close(() => done()))
  rmSync(home, { recursive: true, force: true })
})

function configOf(changes: Partial<EndpointConfig> = {}): EndpointConfig {
  const endpoint = { url, name: 'marker-1', batch: 8, timeoutMs: 2000, attempts: 3, backoffMs: 2, ...changes }
  return experimentSchema.parse({ name: 'endpoint', reward: { endpoint } }).reward.endpoint as EndpointConfig
}

const ask = (
  questions: readonly VerifierQuestion[],
  changes: Partial<EndpointConfig> = {},
  environment: NodeJS.ProcessEnv = {},
) => askEndpoint({ questions, config: configOf(changes), home, environment })

/** Every third answer is the reference. */
const questionsOf = (count: number): VerifierQuestion[] =>
  Array.from({ length: count }, (_, index) => ({
    prompt: `${index}+${index}=`,
    response: `#${index % 3 === 0 ? 2 * index : 'seven'}`,
    finish: 'stop',
    answer: index % 3 === 0 ? `${2 * index}` : 'seven',
    reference: `${2 * index}`,
    item: { id: `item-${index}`, exam: 'e', section: 's', points: 1, total: 10 },
  }))

const truth = (questions: readonly VerifierQuestion[]) =>
  questions.map(({ answer, reference }) => ({ said: answer === reference ? 'correct' : 'wrong' }))

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true })
    .map(name => join(folder, String(name)))
    .filter(path => statSync(path).isFile())

test('questions go in batches, marks come in their order, and what has a mark is never asked again', async () => {
  const questions = questionsOf(50)
  assert.deepEqual(await ask(questions), truth(questions))
  assert.deepEqual(
    received.map(({ body }) => body.questions.length).sort((a, b) => b - a),
    [8, 8, 8, 8, 8, 8, 2],
  )
  assert.deepEqual(
    received.flatMap(({ body }) => body.questions).sort((a, b) => Number(a.reference) - Number(b.reference)),
    questions,
  )
  for (const { body } of received) assert.deepEqual([body.version, body.verifier], [1, 'marker-1'])
  received = []
  assert.deepEqual(await ask(questions), truth(questions))
  assert.equal(received.length, 0)
  // Another version of the verifier has its own marks.
  await ask(questions, { name: 'marker-2' })
  assert.equal(received.length, 7)
})

test('the key comes from the variable that the config names, and is in no file', async () => {
  const questions = questionsOf(3)
  await ask(questions, { keyVariable: 'MARKER_KEY' }, { MARKER_KEY: 'secret-9f2c' })
  assert.equal(received[0]?.headers.authorization, 'Bearer secret-9f2c')
  for (const file of filesOf(home)) assert.ok(!readFileSync(file, 'utf8').includes('secret-9f2c'), file)
  await ask(questionsOf(5), {}, { MARKER_KEY: 'secret-9f2c' })
  assert.equal(received.at(-1)?.headers.authorization, undefined)
  behaviour = (answer, _, n) => reply(answer, 401, `bad key ${received[n]?.headers.authorization}`)
  await assert.rejects(
    ask(questionsOf(9), { keyVariable: 'MARKER_KEY' }, { MARKER_KEY: 'secret-9f2c' }),
    (error: Error) => {
      assert.match(error.message, /does not accept requests as configured[\s\S]*401[\s\S]*MARKER_KEY/)
      assert.ok(!error.message.includes('secret-9f2c'))
      return true
    },
  )
})

test('credits and verdicts are read; one that is neither costs its own question only, and is not stored', async () => {
  behaviour = (answer, { questions }) =>
    reply(answer, 200, {
      marks: [0.5, -1, 'unscored', 'right', null, 2, { verdict: true }, true].slice(0, questions.length),
    })
  const answers = await ask(questionsOf(8))
  const problem = (said: string) => ({ problem: `it returns ${said}, which is no verdict and no credit in [-1, 1]` })
  assert.deepEqual(answers, [
    { said: 0.5 },
    { said: -1 },
    { said: 'unscored' },
    problem('"right"'),
    problem('null'),
    problem('2'),
    problem('{"verdict":true}'),
    { said: 'correct' },
  ])
  assert.equal(filesOf(join(home, 'store', 'marks')).length, 3)
})

test('errors, wrong counts and huge bodies are tried again; after the last attempt the questions of the batch are unscored', async () => {
  const failures: readonly [Behaviour, RegExp][] = [
    [answer => reply(answer, 500, 'oops'), /500/],
    [answer => reply(answer, 200, { marks: [true] }), /1 marks for 8 questions/],
    [answer => reply(answer, 200, '<html>'), /a body that is not JSON/],
    [answer => reply(answer, 200, { verdicts: [] }), /without a list `marks`/],
    [answer => reply(answer, 200, JSON.stringify({ marks: 'x'.repeat(1e6) })), /a body of more than \d+ bytes/],
    [answer => answer.socket?.destroy(), /./],
    [() => {}, /no answer in time/],
  ]
  for (const [failure, reason] of failures) {
    let tries = 0
    // Batches of the first eight questions fail, the others do not.
    behaviour = (answer, body, n) => {
      if (body.questions[0]?.item.id !== 'item-0') return right(answer, body, n)
      tries++
      return failure(answer, body, n)
    }
    rmSync(join(home, 'store'), { recursive: true, force: true })
    const questions = questionsOf(24)
    const answers = await ask(questions, { timeoutMs: 100, concurrency: 1 })
    assert.equal(tries, 3, String(reason))
    for (const answer of answers.slice(0, 8)) assert.match('problem' in answer ? answer.problem : '', reason)
    assert.deepEqual(answers.slice(8), truth(questions).slice(8), String(reason))
    behaviour = right
    assert.deepEqual(await ask(questions), truth(questions), 'asked again the next time')
  }
})

test('a server that is down is an outage to wait for, and what it marked before stays', async () => {
  const questions = questionsOf(64)
  behaviour = (answer, body, n) => (n < 2 ? right(answer, body, n) : reply(answer, 503))
  await assert.rejects(ask(questions, { concurrency: 1 }), (error: Error) => {
    assert.match(error.message, /the verifier does not answer[\s\S]*503/)
    assert.equal((error as Error & { kind: string }).kind, 'ServiceUnavailable')
    return true
  })
  received = []
  behaviour = right
  assert.deepEqual(await ask(questions), truth(questions))
  assert.equal(received.flatMap(({ body }) => body.questions).length, 48)
})

test('a cancellation ends a request that is under way', async () => {
  behaviour = () => {}
  const cancel = new AbortController()
  const asking = askEndpoint({ questions: questionsOf(4), config: configOf(), home, signal: cancel.signal })
  while (received.length === 0) await new Promise(done => setTimeout(done, 5))
  cancel.abort(new Error('cancelled'))
  await assert.rejects(asking, /cancelled/)
})

test('marks of responses come through the same seam as those of every verifier', async () => {
  const { reward } = experimentSchema.parse({ name: 'endpoint', reward: { endpoint: configOf() } })
  const marker = new Marker({ home })
  const item = { id: 'a', exam: 'e', section: 's', prompt: 'p', answer: '7', points: 1, total: 10, weight: 1 }
  const marks = await marker.mark(
    ['#7', 'no mark', '#7'].map(text => ({ response: { text, finish: 'stop' as const }, item })),
    reward,
  )
  assert.deepEqual(
    marks.map(({ verdict }) => verdict),
    ['correct', 'wrong', 'correct'],
  )
  assert.equal(received[0]?.body.questions.length, 2)
})
