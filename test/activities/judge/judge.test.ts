/** The judge over a real server that answers slowly, wrongly, with errors and not at all. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Judge } from '../../../activities/judge/judge.js'
import type { JudgeConfig } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'
import { stream } from '../../../pipelines/random.js'
import type { JudgeQuestion } from '../../../pipelines/rewards/judge/prompt.js'
import { type Behaviour, completion, JudgeServer, reply, right } from './server.js'

let server: JudgeServer
let home: string
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'rlev-judge-'))
  server = await new JudgeServer().start()
})
afterEach(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

const judge = (changes: Partial<JudgeConfig> = {}, environment: NodeJS.ProcessEnv = {}) =>
  new Judge({ config: server.config(changes), home, environment })

/** Every third answer is the reference. */
const questions = (count: number, tag = ''): JudgeQuestion[] =>
  Array.from({ length: count }, (_, index) => ({
    question: `${tag}${index}+${index}=`,
    reference: `${2 * index}`,
    answer: index % 3 === 0 ? `${2 * index}` : 'seven',
  }))

const truth = (asked: readonly JudgeQuestion[]) =>
  asked.map(({ reference, answer }) => (reference === answer ? 'correct' : 'wrong'))

const verdicts = async (asking: ReturnType<Judge['ask']>) => (await asking).judged.map(({ verdict }) => verdict)

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true })
    .map(name => join(folder, String(name)))
    .filter(path => statSync(path).isFile())

test('verdicts come in the order of the questions, and the server sees model, path and key', async () => {
  const asked = questions(20)
  assert.deepEqual(await verdicts(judge({}, { RLEV_JUDGE_KEY: 'key-4cc1' }).ask(asked)), truth(asked))
  assert.equal(server.received.length, 20)
  for (const { path, model, headers } of server.received) {
    assert.deepEqual([path, model, headers.authorization], ['/v1/chat/completions', 'judge', 'Bearer key-4cc1'])
  }
  await judge().ask(questions(1, 'without a key '))
  assert.equal(server.received.at(-1)?.headers.authorization, undefined)
})

test('500 verdicts through a server that fails 30% of calls: none is turned into wrong, and what has a verdict is never asked again', async () => {
  const asked = questions(500)
  const { uniform } = stream(20, 'failing judge')
  const failures: Behaviour[] = [
    answer => reply(answer, 500, 'oops'),
    answer => reply(answer, 503, '<html>bad gateway</html>'),
    answer => reply(answer, 429, '', { 'retry-after': '0' }),
    answer => answer.socket?.destroy(),
    answer => reply(answer, 200, completion('The answer seems to be correct.')),
    answer => reply(answer, 200, completion('DIFFERENT').slice(0, 70)),
  ]
  const shaky: Behaviour = (answer, received, n) => {
    const fails = uniform(n, 0) < 0.3
    const failure = failures[Math.floor(uniform(n, 1) * failures.length)] ?? right
    ;(fails ? failure : right)(answer, received, n)
  }
  server.behaviour = shaky

  const first = await judge().ask(asked)
  const expected = truth(asked)
  for (const [index, { verdict, reason }] of first.judged.entries()) {
    assert.ok(verdict === expected[index] || verdict === 'unscored', `question ${index}: ${verdict}`)
    assert.equal(verdict === 'unscored', reason !== undefined)
  }
  const unscored = first.judged.filter(({ verdict }) => verdict === 'unscored').length
  // 500 * 0.3^3 = 13.5 are expected, and 500 * (1 + 0.3 + 0.09) requests.
  assert.ok(unscored >= 3 && unscored <= 30, `${unscored} unscored`)
  assert.equal(first.asked.requests, server.received.length)
  assert.ok(server.received.length > 600 && server.received.length < 790, `${server.received.length} requests`)

  const before = server.received.length
  const known = new Set(
    asked.filter((_, index) => first.judged[index]?.verdict !== 'unscored').map(one => one.question),
  )
  const second = await judge().ask(asked)
  assert.deepEqual(second.asked.kept, 500 - unscored)
  for (const { question } of server.received.slice(before)) assert.ok(!known.has(question.question))
  for (const [index, { verdict }] of first.judged.entries())
    if (verdict !== 'unscored') assert.equal(second.judged[index]?.verdict, verdict)

  server.behaviour = right
  assert.deepEqual(await verdicts(judge().ask(asked)), expected)
  const count = server.received.length
  assert.deepEqual(await verdicts(judge().ask(asked)), expected)
  assert.equal(server.received.length, count)
})

test('equal questions are asked once, and another model is asked for itself', async () => {
  const [one] = questions(1) as [JudgeQuestion]
  assert.deepEqual(await verdicts(judge().ask([one, one, one])), ['correct', 'correct', 'correct'])
  assert.equal(server.received.length, 1)
  await judge({ model: 'other' }).ask([one])
  assert.equal(server.received.length, 2)
  // Nor does it matter where a model is served.
  await judge({ url: `${server.url}/` }).ask([one])
  assert.equal(server.received.length, 2)
})

const nonsense: [string, Behaviour][] = [
  ['prose', answer => reply(answer, 200, completion('SAME, I would say'))],
  ['both words', answer => reply(answer, 200, completion('SAME DIFFERENT'))],
  ['an empty answer', answer => reply(answer, 200, completion(''))],
  ['markup', answer => reply(answer, 200, '<!doctype html><p>SAME</p>', { 'content-type': 'text/html' })],
  ['truncated JSON', answer => reply(answer, 200, completion('SAME').slice(0, -9))],
  ['JSON of another kind', answer => reply(answer, 200, '{"choices":[{"text":"SAME"}]}')],
  [
    'a body without end',
    answer => {
      answer.writeHead(200)
      const more = () => answer.write('x'.repeat(65_536), error => (error ? undefined : setImmediate(more)))
      more()
    },
  ],
  ['deeply nested JSON', answer => reply(answer, 200, '['.repeat(30_000) + ']'.repeat(30_000))],
  ['no content', answer => answer.writeHead(204).end()],
]
for (const [name, behaviour] of nonsense) {
  test(`${name} is asked again, and is no verdict`, async () => {
    server.behaviour = behaviour
    const { judged, asked } = await judge().ask(questions(2))
    assert.deepEqual(
      judged.map(({ verdict }) => verdict),
      ['unscored', 'unscored'],
    )
    assert.equal(asked.requests, 6)
    assert.ok(judged.every(({ reason }) => reason !== undefined && reason.length < 200))
    server.behaviour = right
    assert.deepEqual(await verdicts(judge().ask(questions(2))), truth(questions(2)))
  })
}

test('a server that recovers within the attempts gives the verdict: slow, reset, 429 and 500 before', async () => {
  const troubles: Behaviour[] = [
    () => {},
    answer => answer.socket?.destroy(),
    answer => reply(answer, 429, '', { 'retry-after': '0.05' }),
    answer => reply(answer, 500),
  ]
  for (const [index, trouble] of troubles.entries()) {
    server.behaviour = (answer, received, n) => (n === before ? trouble : right)(answer, received, n)
    const before = server.received.length
    const [one] = questions(1, `trouble ${index} `) as [JudgeQuestion]
    assert.deepEqual(await verdicts(judge({ timeout: 0.3 }).ask([one])), ['correct'])
    assert.equal(server.received.length, before + 2)
  }
})

test('Retry-After is waited for', async () => {
  server.behaviour = (answer, received, n) =>
    n === 0 ? reply(answer, 429, '', { 'retry-after': '0.4' }) : right(answer, received, n)
  const began = performance.now()
  assert.deepEqual(await verdicts(judge({ backoff: 0 }).ask(questions(1))), ['correct'])
  assert.ok(performance.now() - began >= 390)
})

test('a question that the server refuses is unscored at once', async () => {
  server.behaviour = (answer, received, n) =>
    received.question.answer === 'seven' ? reply(answer, 400, 'too long') : right(answer, received, n)
  assert.deepEqual(await verdicts(judge().ask(questions(4))), ['correct', 'unscored', 'unscored', 'correct'])
  assert.equal(server.received.length, 4)
})

test('a server that refuses every question, a simple one too, is misconfigured, and says why', async () => {
  server.behaviour = (answer, { headers }) => reply(answer, 400, `max_tokens is not supported ${headers.authorization}`)
  await assert.rejects(judge({}, { RLEV_JUDGE_KEY: 'key-90fe11' }).ask(questions(3)), (error: unknown) => {
    assert.ok(error instanceof RlevError && error.kind === 'CallInvalid')
    assert.match(error.message, /400 Bad Request max_tokens is not supported Bearer \*\*\*/)
    return true
  })
  assert.equal(server.received.length, 4)
  const simple = '1+1='
  server.behaviour = (answer, received, n) =>
    received.question.question === simple ? right(answer, received, n) : reply(answer, 413)
  assert.deepEqual(await verdicts(judge().ask(questions(3, 'long '))), ['unscored', 'unscored', 'unscored'])
})

test('questions that always break the server are unscored where it is there for others', async () => {
  server.behaviour = (answer, received, n) =>
    received.question.answer === 'seven' ? reply(answer, 500) : right(answer, received, n)
  const breaking = questions(60).filter(({ answer }) => answer === 'seven')
  assert.ok(breaking.length > 32)
  assert.ok((await verdicts(judge().ask(breaking))).every(verdict => verdict === 'unscored'))
})

test('a judge that is gone is an outage, not a set of unscored answers; verdicts before it are kept', async () => {
  await judge().ask(questions(5))
  server.behaviour = answer => answer.socket?.destroy()
  const outage = (error: unknown) =>
    error instanceof RlevError && error.kind === 'ServiceUnavailable' && error.message.includes('does not answer')
  await assert.rejects(judge().ask(questions(8)), outage)
  await assert.rejects(judge().ask(questions(300, 'many ')), outage)
  // It gave up long before 300 * 3.
  assert.ok(server.received.length < 250, `${server.received.length}`)
  server.behaviour = right
  const { asked } = await judge().ask(questions(8))
  assert.deepEqual([asked.kept, asked.requests], [5, 3])
})

for (const status of [301, 401, 403, 404]) {
  test(`status ${status} ends the work with what to check, without the key`, async () => {
    server.behaviour = (answer, { headers }) =>
      reply(answer, status, `{"error":"no: ${headers.authorization}"}`, { location: 'http://127.0.0.1:9/' })
    await assert.rejects(judge({}, { RLEV_JUDGE_KEY: 'key-77a0d1' }).ask(questions(50)), (error: unknown) => {
      assert.ok(error instanceof RlevError && error.kind === 'CallInvalid')
      assert.match(error.message, new RegExp(`found: +${status}`))
      assert.match(error.message, /RLEV_JUDGE_KEY/)
      assert.ok(!JSON.stringify(error.parts).includes('key-77a0d1') && !error.message.includes('key-77a0d1'))
      return true
    })
    assert.ok(server.received.length <= 8)
  })
}

test('no more requests are under way than allowed, over several callers too', async () => {
  server.behaviour = (answer, received, n) => void setTimeout(() => right(answer, received, n), 5)
  await Promise.all(['a ', 'b ', 'c '].map(tag => judge({ concurrency: 3 }).ask(questions(20, tag))))
  assert.equal(server.received.length, 60)
  assert.equal(server.widest, 3)
})

test('an abort ends requests and waits, and is thrown on', async () => {
  server.behaviour = () => {}
  const stop = new AbortController()
  const asking = judge({ timeout: 60 }).ask(questions(20), { signal: stop.signal })
  setTimeout(() => stop.abort(new Error('enough')), 100)
  await assert.rejects(asking, /enough|aborted/)
  assert.ok(server.received.length <= 8)
})

test('a kept verdict that was damaged is set aside and asked for again; nothing kept holds the key', async () => {
  const asked = questions(3)
  const key = { RLEV_JUDGE_KEY: 'key-55b2f0' }
  await judge({}, key).ask(asked)
  const [first, ...others] = filesOf(join(home, 'store', 'verdicts')) as [string, ...string[]]
  assert.equal(others.length, 2)
  for (const path of [first, ...others]) assert.ok(!readFileSync(path, 'utf8').includes('key-55b2f0'))
  writeFileSync(first, readFileSync(first, 'utf8').replace(/"verdict":"(correct|wrong)"/, '"verdict":"wrong" '))
  // Nor is the whole file of another question taken for it.
  writeFileSync(others[0] as string, readFileSync(others[1] as string))
  assert.deepEqual(await verdicts(judge({}, key).ask(asked)), truth(asked))
  assert.equal(server.received.length, 5)
})
