/** `rlev export`: what it writes is read by our readers, and a server of the same arm gives each row's scale for a correct answer. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { keepReference } from '../../../activities/store/references.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig } from '../../../activities/store/runs/runs.js'
import { Store } from '../../../activities/store/store.js'
import { chosenArms } from '../../../commands/arms/chosen.js'
import { exportData } from '../../../commands/export/export.js'
import { readItems } from '../../../pipelines/data/files/read-items.js'
import { rowsOf } from '../../../pipelines/data/files/rows.js'
import type { TrainerForm } from '../../../pipelines/rewards/serving/exported-rows.js'
import { type Serving, startServing } from '../serve/serving.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-export-'))
const config = join(root, 'exam.yaml')
let log: typeof console.log
before(() => {
  log = console.log
  console.log = () => {}
  const row = (exam: string, index: number, points: number) => ({
    id: `${exam}-${index}`,
    exam,
    section: index % 2 === 0 ? 'sums' : '和',
    prompt:
      index === 1
        ? [
            { role: 'system', content: 'Answer "well".' },
            { role: 'user', content: `${index} + ${points} = ?` },
          ]
        : `${index} + ${points} = ?`,
    answer: String(index + points),
    points,
    total: 100,
    ...(index === 2 ? { choices: ['3', '"five"', '22'], minus: 1 } : {}),
  })
  const write = (name: string, exam: string, points: readonly number[]) =>
    writeFileSync(
      join(root, name),
      points.map((worth, index) => `${JSON.stringify(row(exam, index, worth))}\n`).join(''),
    )
  write('train.jsonl', 'paper 1', [5, 20, 3, 1, 2, 8, 13, 0.5])
  write('test.jsonl', 'paper 2', [5, 20, 7])
  writeFileSync(
    config,
    `name: exam
data: {train: train.jsonl, test: test.jsonl, fields: {negative: minus}}
reward: {verifier: numeric, answer: last-number}
sweep:
  baseline: correctness
  seeds: [3, 4, 5]
  arms:
    correctness: {reward: {scale: correctness}}
    human-aligned: {reward: {scale: human-aligned}}
    shuffled: {reward: {scale: human-aligned}, value: {ablation: shuffled}}
    noisy: {reward: {scale: human-aligned}, value: {ablation: gaussian, noise: 0.5}}
    uniform: {reward: {scale: uniform}}
`,
  )
})
after(() => {
  console.log = log
  rmSync(root, { recursive: true })
})

async function exported(to: TrainerForm, arm?: string, seed?: number): Promise<string> {
  const out = mkdtempSync(join(root, 'out-'))
  rmSync(out, { recursive: true })
  await exportData({ config, to, out, arm, seed, home: join(root, 'home') })
  return out
}

type Row = Record<string, unknown>

/** As JSON would have them, with plain numbers. */
async function readRows(path: string): Promise<Row[]> {
  const rows: Row[] = []
  for await (const { content } of rowsOf(path)) {
    assert.ok('value' in content)
    rows.push(JSON.parse(JSON.stringify(content.value)) as Row)
  }
  return rows
}

const column = (rows: readonly Row[], name: string) => rows.map(row => row[name] as number)
const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

test('rows of TRL are read as items by our own reader, with value and scale beside the answer', async () => {
  const out = await exported('trl', 'human-aligned')
  assert.deepEqual(readdirSync(out).sort(), ['test.jsonl', 'train.jsonl'])
  for (const file of ['train.jsonl', 'test.jsonl']) {
    const options = { form: 'auto', idPrefix: 'x', fields: { negative: 'negative' } } as const
    const read = await readItems({ ...options, path: join(out, file) })
    const source = await readItems({ ...options, path: join(root, file), fields: { negative: 'minus' } })
    assert.equal(read.bad.length, 0)
    assert.deepEqual(
      read.items.map(({ item }) => item),
      source.items.map(({ item }) => item),
    )
  }
  const rows = await readRows(join(out, 'train.jsonl'))
  assert.deepEqual(column(rows, 'value').slice(0, 2), [0.05, 0.2])
  assert.deepEqual(column(rows, 'scale').slice(0, 2), [1.5, 2])
  // Every row has every column: readers of JSONL take them from the first rows.
  for (const row of rows) assert.deepEqual(Object.keys(row), Object.keys(rows[0] as Row))
})

test('Parquet of verl and SkyRL is read by our own reader', async () => {
  const inner = (key: string) => `extra_info.${key}`
  for (const [form, answer] of [
    ['verl', 'reward_model.ground_truth'],
    ['skyrl', 'reward_spec.ground_truth'],
  ] as const) {
    const path = join(await exported(form, 'human-aligned'), 'train.parquet')
    const { items, bad } = await readItems({
      path,
      form: 'plain',
      idPrefix: 'x',
      fields: {
        answer,
        points: inner('points'),
        total: inner('total'),
        id: inner('id'),
        exam: inner('exam'),
        section: inner('section'),
        choices: inner('choices'),
        negative: inner('negative'),
      },
    })
    assert.deepEqual(bad, [])
    const source = await readItems({
      path: join(root, 'train.jsonl'),
      form: 'plain',
      idPrefix: 'x',
      fields: { negative: 'minus' },
    })
    const asChat = source.items.map(({ item }) =>
      typeof item.prompt === 'string' ? { ...item, prompt: [{ role: 'user', content: item.prompt }] } : item,
    )
    // The options stand in the prompt of a row whose config names their column.
    const plain = items.map(({ item }, index) => ({ ...item, prompt: asChat[index]?.prompt }))
    assert.deepEqual(plain, asChat)
    const [first] = await readRows(path)
    const { data_source: source_, extra_info: info } = first as { data_source: string; extra_info: Row }
    assert.equal(source_, 'rlev')
    assert.deepEqual([info['split'], info['index'], info['value'], info['scale']], ['train', 0, 0.05, 1.5])
  }
})

test('each arm of a sweep is written with its values; the test set keeps the true ones', async () => {
  const out = await exported('trl')
  assert.deepEqual(readdirSync(out).sort(), ['correctness', 'human-aligned', 'noisy', 'shuffled', 'uniform'])
  const rowsIn = (arm: string, file = 'train') => readRows(join(out, arm, `${file}.jsonl`))
  const own = column(await rowsIn('human-aligned'), 'value')
  const shuffled = await rowsIn('shuffled')
  const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
  assert.notDeepEqual(column(shuffled, 'value'), own)
  assert.deepEqual(sorted(column(shuffled, 'value')), sorted(own))
  assert.deepEqual(column(shuffled, 'points'), column(await rowsIn('human-aligned'), 'points'))
  assert.deepEqual(
    column(shuffled, 'scale'),
    column(shuffled, 'value').map(value => 1 + Math.min(10 * value, 1)),
  )
  assert.notDeepEqual(sorted(column(await rowsIn('noisy'), 'value')), sorted(own))
  const expected = mean(own.map(value => 1 + Math.min(10 * value, 1)))
  for (const scale of column(await rowsIn('uniform'), 'scale')) assert.ok(Math.abs(scale - expected) < 1e-12)
  assert.deepEqual([...new Set(column(await rowsIn('correctness'), 'scale'))], [1])
  for (const arm of ['human-aligned', 'shuffled', 'noisy']) {
    assert.deepEqual(column(await rowsIn(arm, 'test'), 'value'), [0.05, 0.2, 0.07])
  }
  const other = await readRows(join(await exported('trl', 'shuffled', 4), 'train.jsonl'))
  assert.notDeepEqual(column(other, 'value'), column(shuffled, 'value'))
})

const scoreOf = async ({ post }: Serving, row: Row) => {
  const { body } = await post('/score', [row])
  return (body as Row[])[0]?.['reward']
}

/** The function of a trainer that reads Parquet gets what is nested in a row. */
const scoreOfNested = (truth: string) => (server: Serving, row: Row, said: string) => {
  const { ground_truth: answer } = row[truth] as Row
  return scoreOf(server, { ...(row['extra_info'] as Row), answer, response: said })
}

/** What each trainer would send for a row of its form, and the reward in the answer. */
const rewardOf: Record<TrainerForm, (server: Serving, row: Row, said: string) => Promise<unknown>> = {
  trl: (server, row, said) => scoreOf(server, { ...row, response: said }),
  openrlhf: async ({ post }, { prompt, label }, said) => {
    const text = JSON.stringify(prompt)
    const { body } = await post('/get_reward', { query: [`${text}${said}</s>`], prompts: [text], labels: [label] })
    return (body as { rewards: number[] }).rewards[0]
  },
  slime: async ({ post }, { prompt, label }, said) => (await post('/reward', { prompt, response: said, label })).body,
  'nemo-gym': async ({ post }, row, said) => {
    const response = { output: [{ type: 'message', content: [{ type: 'output_text', text: said }] }] }
    return ((await post('/verify', { ...row, response })).body as Row)['reward']
  },
  verl: scoreOfNested('reward_model'),
  skyrl: scoreOfNested('reward_spec'),
}

test('a server of the arm gives each exported row its scale for a correct answer, and 0 for a wrong one', async t => {
  for (const arm of ['human-aligned', 'shuffled', 'uniform']) {
    const server = await startServing({ t, config, arm })
    const truth = await readRows(join(await exported('trl', arm), 'train.jsonl'))
    for (const form of Object.keys(rewardOf) as TrainerForm[]) {
      const out = await exported(form, arm)
      const file = readdirSync(out).find(name => name.startsWith('train')) as string
      const rows = await readRows(join(out, file))
      assert.equal(rows.length, 8)
      for (const [index, row] of rows.entries()) {
        const { answer, scale } = truth[index] as { answer: string; scale: number }
        assert.equal(await rewardOf[form](server, row, `It is ${answer}`), scale, `${form} ${arm} ${index}`)
        // Row 2 deducts 1 of its 3 points.
        const lost = index === 2 ? scale * (-1 / 3) : 0
        assert.equal(await rewardOf[form](server, row, 'It is -1'), lost, `${form} ${arm} ${index}`)
      }
    }
  }
})

test('predicted values are those of the run in the home; without one the call is refused', async () => {
  const home = join(root, 'predicted')
  const out = join(root, 'out-predicted')
  const single = { config, arm: 'exam', set: ['sweep=null', 'value.ablation=predicted'] }
  await assert.rejects(exportData({ ...single, to: 'trl', out, home }), /no prediction for this config.*rlev run/s)
  assert.equal(existsSync(out), false)
  const [arm] = await chosenArms(single, { always: ['data'], also: () => [] })
  assert.ok(arm !== undefined)
  keepConfig(home, arm.id, arm.config)
  const train = Array.from({ length: 8 }, (_, index) => ({
    itemId: `paper 1-${index}`,
    section: 'sums',
    points: index + 1,
    total: 100,
    value: (index + 1) / 100,
  }))
  const ref = await new Store(home).once({
    kind: 'predicted-values',
    from: 'a test',
    fill: async folder =>
      writeFileSync(join(folder, 'values.json'), JSON.stringify({ train, test: [], statistics: {} })),
  })
  keepReference(runFolder(home, arm.id), 'rewardValues', ref)
  await exportData({ ...single, to: 'trl', out, home })
  const rows = await readRows(join(out, 'train.jsonl'))
  assert.deepEqual(column(rows, 'value'), column(train, 'value'))
  const other = { ...single, set: [...single.set, 'reward.alpha=5'], to: 'trl', out: `${out}-2`, home } as const
  await assert.rejects(exportData(other), /a run of another config/)
})

test('a folder that is there is refused, and so is a field with the name of one of ours', async () => {
  await assert.rejects(exportData({ config, to: 'trl', out: root }), /the folder exists already.*--out/s)
  const module = join(root, 'verifier.mjs')
  writeFileSync(module, 'export const verify = ({ answer, reference }) => answer === reference')
  const file = join(root, 'named.jsonl')
  writeFileSync(file, `${JSON.stringify({ prompt: '1+1=', answer: '2', points: 1, total: 10, scale: 'of Mohs' })}\n`)
  const own = join(root, 'named.yaml')
  writeFileSync(own, `name: named\ndata: {train: named.jsonl, test: test.jsonl}\nreward: {verifier: ./verifier.mjs}\n`)
  const out = join(root, 'out-named')
  await assert.rejects(exportData({ config: own, to: 'trl', out }), /the field scale has a name.*rename the field/s)
  assert.equal(existsSync(out), false)
  assert.deepEqual(
    readdirSync(root).filter(name => name.includes('unfinished')),
    [],
  )
})
