/** `rlev evaluate` from its first call to its last, over services that it starts itself, by rules and by a judge. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'csv-parse/sync'
import { savePolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { experimentSchema } from '../../pipelines/config/schema.js'
import { createPolicy, disposePolicy } from '../../pipelines/model/policy.js'
import { completion, JudgeServer, reply, right } from '../activities/judge/server.js'
import { inHome, tiny as trained } from './in-home.js'

const { folder, home, rlev, configFile, statusOf, end } = inHome()
const checkpoint = join(folder, 'checkpoint')
const data = join(folder, 'exam.jsonl')
const key = 'key-1f6e09ab52'
const small = ['--set', 'rollout.maxTokens=6', '--set', 'evaluation.chunk=16', '--set', 'reward.answer=whole']
const judge = new JudgeServer()
const judged = () => [
  '--set',
  `judge.url=${judge.url}`,
  '--set',
  'judge.model=tiny',
  '--set',
  'judge.backoff=0.01',
  '--set',
  'judge.attempts=3',
]

before(async () => {
  process.env['RLEV_JUDGE_KEY'] = key
  process.env['RLEV_POLICY_WORKERS'] = '1'
  await judge.start()
  const { policy } = experimentSchema.parse({
    name: 'tiny',
    policy: { from: 'scratch', width: 16, layers: 1, heads: 2, keyValueHeads: 2, mlpWidth: 32, initDeviation: 0.4 },
  })
  assert.ok(policy.from === 'scratch')
  const made = createPolicy({ config: policy, alphabet: [...'0123456789+=#'], seed: 5 })
  mkdirSync(checkpoint)
  await savePolicy(made, checkpoint)
  disposePolicy(made)
  const rows = Array.from({ length: 40 }, (_, index) => ({
    prompt: `${index}+${index}=`,
    answer: String(2 * index),
    points: 1 + (index % 5),
    total: 100,
    exam: `paper-${index % 4}`,
  }))
  writeFileSync(data, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
})
after(async () => {
  await end()
  await judge.stop()
  delete process.env['RLEV_JUDGE_KEY']
  delete process.env['RLEV_POLICY_WORKERS']
})

test('every row of the data is answered, and the table says how well', async () => {
  const { status, out, err } = await rlev(
    'evaluate',
    checkpoint,
    '--data',
    data,
    '--name',
    'plain',
    '--samples',
    '4',
    ...small,
  )
  assert.equal(status, 0, `${out}\n${err}`)
  assert.match(out, /^plain: 40 items, by rule$/m)
  assert.match(out, /greedy( +\d+\.\d+){7}$/m)
  assert.match(out, /expected( +\d+\.\d+){7}$/m)
  assert.match(out, /pass@1 +pass@2 +pass@4$/m)
  assert.match(out, /^MLflow +http/m)
  const verified = await rlev('verify', 'plain')
  assert.equal(verified.status, 0, verified.out)
  const report = readFileSync(/^report +(.*)$/m.exec(out)?.[1] ?? '', 'utf8')
  assert.match(report, /40 items; verdicts by a rule/)
  const responses = /^report +(.*)report\.html$/m.exec(out)?.[1] ?? ''
  const rows = parse(readFileSync(join(responses, 'responses.csv')), { columns: true }) as Record<string, string>[]
  const share = (is: (row: Record<string, string>) => boolean) => (100 * rows.filter(is).length) / rows.length
  const [, acc, cut] = /^ *greedy +(\d+\.\d+) +(\d+\.\d+)/m.exec(out) ?? []
  assert.equal(rows.length, 40)
  assert.equal(share(row => row['verdict'] === 'correct').toFixed(1), acc)
  assert.equal(share(row => row['finish'] === 'cut').toFixed(1), cut)
  assert.equal((await statusOf('plain')).state, 'done')
})

test('the same call shows the result and computes nothing; other bytes in the same place are evaluated again', async () => {
  const words = ['evaluate', checkpoint, '--data', data, ...small, '--json']
  const first = await rlev(...words)
  assert.equal(first.status, 0, first.err)
  const { name, evaluation, alarms } = JSON.parse(first.out)
  assert.match(name, /^evaluate-[0-9a-f]{10}$/)
  assert.equal(evaluation.items, 40)
  assert.ok(evaluation.greedy.cut > 0 && evaluation.greedy.cut <= 0.9)
  assert.deepEqual(alarms, [])
  assert.deepEqual(evaluation.passAtK, [])
  const again = await rlev(...words)
  assert.match(again.err, /is done already/)
  assert.deepEqual(JSON.parse(again.out).evaluation, evaluation)
  utimesSync(data, new Date(), new Date(Date.now() + 5000))
  const touched = JSON.parse((await rlev(...words)).out)
  assert.notEqual(touched.name, name)
  assert.deepEqual(touched.evaluation, evaluation)
})

test('a judge decides; what it does not answer is unscored and never wrong; another evaluation asks for the rest only', async () => {
  judge.behaviour = (answer, received, n) => {
    // A third of the questions breaks it whenever they come, some others do at first.
    if (Number(received.question.reference) % 3 === 0) reply(answer, 500)
    else if (n % 4 === 1) reply(answer, 200, completion('hm'))
    else right(answer, received, n)
  }
  const { status, out, err } = await rlev(
    'evaluate',
    checkpoint,
    '--data',
    data,
    '--name',
    'judged',
    '--json',
    ...small,
    ...judged(),
  )
  assert.equal(status, 0, `${out}\n${err}`)
  const { evaluation } = JSON.parse(out)
  assert.equal(evaluation.judge, 'tiny')
  const items = JSON.parse(
    readFileSync(join(home, 'runs', 'judged', 'evaluations', 'step-000000.items.json'), 'utf8'),
  ).body
  const asked = new Set(judge.received.map(({ question }) => question.question))
  assert.ok(asked.size > 10, `${asked.size} answers had a final part`)
  const unscored = items.filter((item: { greedy: { verdict: string } }) => item.greedy.verdict === 'unscored').length
  assert.ok(unscored > 0)
  assert.equal(evaluation.undecided.greedy.share, unscored / 40)
  assert.ok(evaluation.undecided.greedy.acc.highest > evaluation.undecided.greedy.acc.lowest)
  const { out: shown } = await rlev('watch', 'judged')
  assert.match(shown, /% of the greedy responses are unscored/)
  for (const { headers } of judge.received) assert.equal(headers.authorization, `Bearer ${key}`)

  const before = judge.received.length
  judge.behaviour = right
  const again = await rlev(
    'evaluate',
    checkpoint,
    '--data',
    data,
    '--name',
    'judged-again',
    '--json',
    ...small,
    ...judged(),
  )
  assert.equal(again.status, 0, again.err)
  assert.equal(JSON.parse(again.out).evaluation.unscored, 0)
  assert.equal(judge.received.length - before, unscored)
})

test('a judge that is gone is waited for, and the evaluation ends when it is back', async () => {
  judge.behaviour = answer => answer.socket?.destroy()
  const detached = await rlev(
    'evaluate',
    checkpoint,
    '--data',
    data,
    '--name',
    'waits',
    '--detach',
    ...small,
    ...judged(),
    '--set',
    'judge.model=other',
  )
  assert.equal(detached.status, 0, detached.err)
  const until = Date.now() + 60_000
  while (!JSON.stringify(await statusOf('waits')).includes('the judge does not answer')) {
    assert.ok(Date.now() < until)
    await sleep(200)
  }
  judge.behaviour = right
  const { status, out } = await rlev('watch', 'waits')
  assert.equal(status, 0, out)
  assert.match(out, /^waits: 40 items, judged by other$/m)
})

test('a judge may decide training and evaluations of a run, and MLflow has what it left open', async () => {
  judge.behaviour = (answer, received, n) =>
    received.question.answer.length > 2 ? reply(answer, 400, 'too long') : right(answer, received, n)
  const config = configFile('trained', `steps: 3\n${trained}judge: { url: "${judge.url}", model: trainer }\n`)
  const { status, out, err } = await rlev('run', config)
  assert.equal(status, 0, `${out}\n${err}`)
  assert.ok(judge.received.some(({ model }) => model === 'trainer'))
  const { pages } = await statusOf('trained')
  const [, id = ''] = /runs\/([0-9a-f]{32})/.exec(pages.mlflow) ?? []
  const run = await fetch(`${new URL(pages.mlflow).origin}/api/2.0/mlflow/runs/get?run_id=${id}`)
  const { metrics } = ((await run.json()) as { run: { data: { metrics: { key: string; value: number }[] } } }).run.data
  const values = new Map(metrics.map(({ key: name, value }) => [name, value]))
  for (const decoding of ['', 'expected_']) {
    const [lowest, acc, highest] = [
      `judge/${decoding}acc_if_wrong`,
      `eval/${decoding}acc`,
      `judge/${decoding}acc_if_right`,
    ]
    for (const name of [lowest, acc, highest, `judge/${decoding}unscored`]) assert.ok(values.has(name), name)
    assert.ok(
      (values.get(lowest) ?? 2) <= (values.get(acc) ?? 2) && (values.get(acc) ?? 2) <= (values.get(highest) ?? 0),
    )
  }
  assert.ok(values.has('eval/pass_at_1'))
  const verified = await rlev('verify', 'trained')
  assert.equal(verified.status, 0, verified.out)
})

test('the key is in no file of the home', () => {
  const files = readdirSync(home, { recursive: true })
    .map(name => join(home, String(name)))
    .filter(path => statSync(path).isFile())
  assert.ok(files.some(path => path.endsWith('temporal.db')) && files.some(path => path.endsWith('mlflow.db')))
  const traces = [key, Buffer.from(key).toString('base64').replace(/=+$/, '')]
  for (const path of files) for (const trace of traces) assert.ok(!readFileSync(path).includes(trace), path)
})

test('what is wrong with a call is told before anything starts', async () => {
  const missing = await rlev('evaluate', join(folder, 'nothing'), '--data', data)
  assert.equal(missing.status, 2)
  assert.match(missing.err, /there is no checkpoint to start from/)
  assert.match(
    (await rlev('evaluate', checkpoint, '--data', join(folder, 'no.jsonl'))).err,
    /data file of data\.train is missing/,
  )
  writeFileSync(data, '{"prompt":"1+1=","answer":"2","points":0,"total":1}\n')
  const bad = await rlev('evaluate', checkpoint, '--data', data)
  assert.equal(bad.status, 2)
  assert.match(bad.err, /row 1\b/)
})
