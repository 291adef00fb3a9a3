/** Every route by real HTTP, with the known values: alpha 10, 5 of 100 points: 1.5; 20 of 100: 2; wrong: 0. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Serving, startServing } from './serving.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-routes-'))
let server: Serving
before(async () => {
  server = await startServing({ set: ['reward.verifier=numeric'] })
})
after(async () => {
  await server.end()
  rmSync(root, { recursive: true })
})

const worth = (points: number) => ({ points, total: 100 })
const known = [
  { said: 'so #### 18', answer: '18', ...worth(5), reward: 1.5, correct: 1 },
  { said: 'so #### 18', answer: '18', ...worth(20), reward: 2, correct: 1 },
  { said: 'so #### 17', answer: '18', ...worth(20), reward: 0, correct: 0 },
] as const

test('/score gives verdict, credit, value, scale and reward of each row', async () => {
  const rows = known.map(({ said, answer, points, total }) => ({
    prompt: '9+9=',
    response: said,
    answer,
    points,
    total,
  }))
  const { status, body } = await server.post('/score', rows)
  assert.equal(status, 200)
  assert.deepEqual(body, [
    { verdict: 'correct', credit: 1, value: 0.05, scale: 1.5, reward: 1.5, read: '18' },
    { verdict: 'correct', credit: 1, value: 0.2, scale: 2, reward: 2, read: '18' },
    { verdict: 'wrong', credit: 0, value: 0.2, scale: 2, reward: 0, read: '17' },
  ])
  assert.deepEqual((await server.post('/score', [])).body, [])
})

test('a stated value stands above points and total; a column of null does not count; unscored is told apart from wrong', async () => {
  const { body } = await server.post('/score', [
    { response: '18', answer: 18, ...worth(5), value: 0.02, negative: null, choices: null, prompt: null },
    { response: '18', answer: 'no number', ...worth(5) },
    { response: '18', answer: '18' },
    { response: '18', answer: '18', ...worth(5), finish: 'length' },
  ])
  const told = (body as Record<string, unknown>[]).map(({ verdict, reward, reason }) => [verdict, reward, reason])
  assert.deepEqual(told, [
    ['correct', 1.2, undefined],
    ['unscored', null, 'the verifier numeric cannot read the reference'],
    ['correct', null, undefined],
    ['wrong', 0, undefined],
  ])
})

const openRlhf = (rows: readonly { said: string; label: unknown }[], prompt = 'Q: 9+9=') => ({
  query: rows.map(({ said }) => `${prompt}${said}`),
  prompts: rows.map(() => prompt),
  labels: rows.map(({ label }) => label),
})

test('/get_reward of OpenRLHF: rewards carry the value, scores are correctness', async () => {
  const rows = known.map(({ said, answer, points, total }) => ({
    said: `${said}</s>`,
    label: JSON.stringify({ answer, points, total }),
  }))
  const { body } = await server.post('/get_reward', openRlhf(rows))
  assert.deepEqual(body, {
    rewards: known.map(({ reward }) => reward),
    scores: known.map(({ correct }) => correct),
    extra_logs: { credit: [1, 1, 0], scale: [1.5, 2, 2], unscored: [0, 0, 0], value: [0.05, 0.2, 0.2] },
  })
  const unscored = await server.post('/get_reward', openRlhf([{ said: '18', label: { answer: 'x', ...worth(5) } }]))
  assert.deepEqual(unscored.body, {
    rewards: [0],
    scores: [0],
    extra_logs: { credit: [0], scale: [1.5], unscored: [1], value: [0.05] },
  })
})

test('the prompt is cut off a query that was decoded with other white space and a token of the beginning', async () => {
  const label = { answer: '18', ...worth(5) }
  const ask = (query: string, prompt: string) =>
    server.post('/get_reward', { query: [query], prompts: [prompt], labels: [label] })
  const rewardOf = async (query: string, prompt: string) =>
    ((await ask(query, prompt)).body as { rewards: number[] }).rewards[0]
  assert.equal(await rewardOf('<s> Q: 9 + 9 =\n #### 18</s>', 'Q: 9 + 9 ='), 1.5)
  assert.equal(await rewardOf('<|begin_of_text|>Q: 9  + 9 =#### 18<|eot_id|>', 'Q: 9 + 9 ='), 1.5)
  // The box of the question is no answer.
  assert.equal(await rewardOf('Write \\boxed{18}. I do not know', 'Write \\boxed{18}.'), 0)
  const { status, body } = await ask('something else #### 18', 'Q: 9 + 9 =')
  assert.equal(status, 400)
  assert.match(JSON.stringify(body), /row 1: the query does not begin with its prompt/)
})

test('/reward of slime: a number, or an object with the correctness; the label may be JSON or the answer', async t => {
  for (const { said, answer, points, total, reward, correct } of known) {
    const sample = { prompt: '9+9=', response: `${said}<|im_end|>`, label: JSON.stringify({ answer, points, total }) }
    assert.deepEqual((await server.post('/reward', sample)).body, reward)
    const { body } = await server.post('/reward?as=object', sample)
    const { reward: told, acc, unscored } = body as Record<string, unknown>
    assert.deepEqual([told, acc, unscored], [reward, correct, 0])
  }
  const plain = await startServing({ t, set: ['reward.verifier=numeric', 'reward.scale=correctness'] })
  assert.equal((await plain.post('/reward', { prompt: '9+9=', response: '18', label: '18' })).body, 1)
})

test('/verify of NeMo Gym gives the row back with its reward; a session is begun', async () => {
  assert.deepEqual((await server.post('/seed_session', {})).body, {})
  for (const { said, answer, points, total, reward, correct } of known) {
    const row = {
      responses_create_params: { input: [{ role: 'user', content: '9+9=' }], temperature: 0.25 },
      response: {
        id: 'r1',
        status: 'completed',
        output: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: '#### 1' }] },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: said, annotations: [] }] },
        ],
      },
      answer,
      points,
      total,
      note: 'kept',
    }
    const { body } = await server.post('/verify', row)
    const { reward: told, reward_components: components, ...rest } = body as Record<string, unknown>
    assert.deepEqual(rest, row)
    assert.equal(told, reward)
    assert.deepEqual(components, {
      correct,
      credit: correct,
      unscored: 0,
      value: points / total,
      scale: 1 + Math.min((10 * points) / total, 1),
    })
    const cut = { ...row, response: { ...row.response, status: 'incomplete' } }
    assert.equal(((await server.post('/verify', cut)).body as { reward: number }).reward, 0)
  }
})

test('with --eos, a response ends at the first end token, and one without it was cut', async t => {
  const strict = await startServing({ t, set: ['reward.verifier=numeric'], ends: ['<|im_end|>', '</s>'] })
  const label = { answer: '18', ...worth(5) }
  const rewardOf = async (response: string) =>
    (await strict.post('/reward', { prompt: '', response, label })).body as number
  assert.equal(await rewardOf('18<|im_end|>\n<pad><pad>'), 1.5)
  assert.equal(await rewardOf('18</s> 19'), 1.5)
  assert.equal(await rewardOf('18'), 0)
})

test('bad rows are told by number, with the field, what is expected and the remedy', async () => {
  const { status, body } = await server.post('/score', [
    { response: '18', answer: '18', ...worth(5) },
    { response: '18', answr: '18', ...worth(5) },
    { response: 18, answer: '18', ...worth(5) },
    { response: '18', answer: '18', points: 200, total: 100 },
    { response: '18', answer: '18', value: 1.5 },
    { response: '18', answer: '18', ...worth(5), scale: 2 },
    [],
  ])
  assert.equal(status, 400)
  const { error } = body as { error: Record<string, string> }
  assert.equal(error['message'], '6 of 7 rows cannot be scored')
  assert.deepEqual(error['found']?.split('\n'), [
    'row 2: no answer (answer)',
    'row 3: the response is number 18, text is expected',
    'row 4: the points (points) are 200, more than the total of 100; for bonus questions set value.bonus',
    'row 5: the value (value) is 1.5, at most 1 is expected; for bonus questions set value.bonus',
    "row 6: the scale (scale) is 2, and this server's is 1.5: the row was exported with another config than the one served",
    'row 7: the row is a list, an object is expected',
  ])
  assert.match(error['remedy'] ?? '', /docs\/serving\.md/)
  for (const [path, sent, expected] of [
    ['/score', { response: '18' }, /the body is no list/],
    ['/get_reward', { query: ['a'], prompts: ['a'] }, /labels is no list/],
    ['/get_reward', { query: ['a'], prompts: ['a'], labels: [null] }, /row 1: the label is null/],
    ['/reward', { prompt: 'a', response: 'b', label: '18' }, /no points and total, and no value/],
    ['/reward', { prompt: 'a', label: '18' }, /row 1: no response; text is expected/],
    ['/verify', { answer: '18', ...worth(5) }, /the response is missing; an object of the Responses API/],
    ['/score', '[{"response": "18"', /the body is no JSON/],
    ['/score', '[{"answer": "1", "answer": "2"}]', /the key \\"answer\\" twice/],
  ] as const) {
    const { status: refused, body: said } = await server.post(path, sent)
    assert.equal(refused, 400, path)
    assert.match(JSON.stringify(said), expected)
  }
  const wrongType = await fetch(`${server.url}/score`, { method: 'POST', body: '[]' })
  assert.equal(wrongType.status, 415)
  assert.match(await wrongType.text(), /application\/json/)
  assert.equal((await fetch(`${server.url}/scores`)).status, 404)
})

test('a partial credit and a deduction reach the reward, and are not correct', async t => {
  const partial = await startServing({ t, set: ['reward.verifier=choice', 'reward.partial=proportional'] })
  const sample = (response: string) => ({
    prompt: '',
    response,
    label: { answer: 'A, C', ...worth(5), negative: 2, choices: ['a', 'b', 'c'] },
  })
  const ask = async (response: string) => (await partial.post('/reward?as=object', sample(response))).body
  assert.deepEqual(await ask('A'), { reward: 0.75, acc: 0, credit: 0.5, value: 0.05, scale: 1.5, unscored: 0 })
  assert.deepEqual(await ask('B'), {
    reward: -0.6000000000000001,
    acc: 0,
    credit: -0.4,
    value: 0.05,
    scale: 1.5,
    unscored: 0,
  })
})

test('a verifier of the user gets the row; one that cannot be loaded is told before the server listens', async t => {
  const module = join(root, 'verifier.mjs')
  writeFileSync(module, 'export const verify = ({ answer, item }) => answer === item.extra.wanted && item.id === "q7"')
  const own = await startServing({ t, set: [`reward.verifier=${module}`, 'reward.answer=whole'] })
  const label = { answer: 'x', id: 'q7', ...worth(20), wanted: 'blue' }
  assert.equal((await own.post('/reward', { prompt: 'p', response: 'blue', label })).body, 2)
  const broken = join(root, 'broken.mjs')
  writeFileSync(broken, 'export const verify = 3')
  await assert.rejects(startServing({ t, set: [`reward.verifier=${broken}`] }), /the verifier cannot be loaded/)
})

test('math is served too', async t => {
  const math = await startServing({ t, set: ['reward.verifier=math'] })
  const row = { response: '\\boxed{2\\sqrt{2}}', answer: '\\sqrt{8}', ...worth(5) }
  const [score] = (await math.post('/score', [row])).body as { reward: number }[]
  assert.equal(score?.reward, 1.5)
})

test('the metrics count requests by status and rows by verdict, and health needs nothing', async t => {
  assert.equal(await server.get('/healthz'), '{"status":"ok"}')
  const own = await startServing({ t, set: ['reward.verifier=numeric'] })
  await own.post('/score', [
    { response: '18', answer: '18', ...worth(5) },
    { response: '1', answer: '18' },
  ])
  await own.post('/score', [{}])
  const text = await own.get('/metrics')
  assert.match(text, /rlev_requests_total\{route="\/score",status="200"\} 1/)
  assert.match(text, /rlev_requests_total\{route="\/score",status="400"\} 1/)
  assert.match(text, /rlev_rows_total\{route="\/score",verdict="correct"\} 1/)
  assert.match(text, /rlev_rows_total\{route="\/score",verdict="wrong"\} 1/)
  assert.match(text, /rlev_rows_at_work 0\n/)
  assert.match(text, /rlev_body_bytes 0\n/)
  assert.match(text, /process_resident_memory_bytes/)
})
