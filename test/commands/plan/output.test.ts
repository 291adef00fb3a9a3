/** What `rlev plan` prints, called in this process. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, mock, test } from 'node:test'
import { costOf } from '../../../commands/plan/cost.js'
import { type PlanOptions, plan } from '../../../commands/plan/plan.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { experimentPlan } from '../plans.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-plan-'))
after(() => rmSync(root, { recursive: true }))

const config = join(root, 'small.yaml')
writeFileSync(
  config,
  'name: small\nsteps: 7\ndata: {trainPapers: 3, testItemsPerSection: 5}\nupdate: {learningRate: 3e-4}\nrollout: {maxTokens: 13}\n',
)

async function printed(options: PlanOptions): Promise<string> {
  const log = mock.method(console, 'log', () => {})
  try {
    await plan(options)
    return log.mock.calls.map(({ arguments: [text] }) => String(text)).join('\n')
  } finally {
    log.mock.restore()
  }
}

test('plan shows the numbers that decide the run, and what is not the default', async () => {
  const text = await printed({ config })
  assert.match(text, /^config: 7 steps; 16 prompts x 8 responses a step, each at most 13 tokens, temperature 1$/m)
  assert.match(text, /rloo, scale human-aligned \(alpha 10, cap 1\), adamw at learning rate 3e-4;/)
  assert.match(
    text,
    /not the default: steps 7, data\.trainPapers 3, data\.testItemsPerSection 5, rollout\.maxTokens 13, update\.learningRate 0\.0003 \(/,
  )
})

test('plan --json has the whole resolved config', async () => {
  const outline = JSON.parse(await printed({ config, json: true }))
  assert.deepEqual(experimentSchema.parse(outline.config), outline.config)
  assert.equal(outline.config.update.learningRate, 3e-4)
  assert.deepEqual(outline.fromDefaults[0], { path: 'steps', value: 7 })
})

test('plan FILE --keys prints what the file has under each key beside the default', async () => {
  const text = await printed({ config, keys: true })
  assert.match(text, /^steps \(steps\) = 7, default 100$/m)
  assert.match(text, /^update\.learningRate \(1\) = 0\.0003, default 0\.00005$/m)
  assert.match(text, /^name = "small", must be given$/m)
  // A key of another kind of data.
  assert.match(text, /^data\.testShare \(share\), default 0\.1$/m)
  const keys = JSON.parse(await printed({ config, keys: true, json: true })) as { path: string; value?: unknown }[]
  assert.equal(keys.find(({ path }) => path === 'rollout.maxTokens')?.value, 13)
})

test('plan --keys without a file prints the defaults alone, and with a broken one it refuses', async () => {
  assert.match(await printed({ keys: true }), /^steps \(steps\), default 100$/m)
  const broken = join(root, 'broken.yaml')
  writeFileSync(broken, 'name: broken\nsteps: many\n')
  await assert.rejects(printed({ config: broken, keys: true }), /steps cannot be "many"/)
})

test('a policy from a checkpoint has no warm start in the costs', () => {
  const items = { train: 10, test: 10, transfer: 0 }
  const policy = { from: 'checkpoint', path: '/nowhere' }
  assert.equal(costOf(experimentPlan('one', { policy }), items).warmStarts, 0)
  assert.equal(costOf(experimentPlan('one', { warmStart: { steps: 0 } }), items).warmStarts, 0)
  assert.equal(costOf(experimentPlan('one'), items).warmStarts, 1)
})

test('plan says which form a data file has, what its exams come to, and shows a prompt with its tokens', async () => {
  const rows = [
    ['a', 1, 'spring', 2, 10],
    ['b', 2, 'spring', 8, 10],
    ['c', 3, 'summer', 4, 20],
    ['d', 4, 'summer', 4, 20],
    ['e', 5, 'autumn', 9, 12],
    ['f', 6, 'autumn', 6, 12],
  ].map(([problem, gold, exam, marks, full]) => JSON.stringify({ problem, gold, exam, marks, full, negative: -1 }))
  writeFileSync(join(root, 'exams.jsonl'), rows.join('\n'))
  const file = join(root, 'exams.yaml')
  writeFileSync(
    file,
    [
      'name: exams',
      'steps: 2',
      'warmStart: {steps: 1}',
      'data:',
      '  train: exams.jsonl',
      '  fields: {prompt: problem, answer: gold, points: marks, total: full}',
      '  prompt: {template: "Question: {prompt}"}',
    ].join('\n'),
  )
  const text = await printed({ config: file })
  assert.match(text, /exams\.jsonl: 6 rows, 0 bad, in the form plain/)
  assert.match(text, /prompt from problem; answer from gold; points from marks; total from full; exam from exam$/m)
  assert.match(text, /^ {2}spring +(train|test) +2 +10 +10 {2}the whole total$/m)
  assert.match(text, /^ {2}summer +(train|test) +2 +8 +20 {2}40% of the total$/m)
  assert.match(text, /^ {2}autumn +(train|test) +2 +15 +12 {2}more than the total$/m)
  assert.match(
    text,
    /^prompt of row-00000\d, 11 tokens \(on average 11; the longest, of row-00000\d, has 11\):\n {2}\| Question: [a-f]$/m,
  )
  assert.match(text, /^warning: .*6 rows have negative, which changes marks and is not used/m)
  const { data } = JSON.parse(await printed({ config: file, json: true }))
  assert.deepEqual([data.files[0].rows, data.files[0].form, data.exams.length], [6, 'plain', 3])
})

test('plan says why rows are left out, and which verifier reads the references that this one cannot', async () => {
  const rows = Array.from({ length: 12 }, (_, row) => {
    const answer = row < 6 ? String(row) : `${row}, -${row}`
    return JSON.stringify({ prompt: `p${row}`, answer, points: row === 0 ? 11 : 2, total: 10, exam: `e${row % 4}` })
  })
  writeFileSync(join(root, 'doubtful.jsonl'), rows.join('\n'))
  const file = join(root, 'doubtful.yaml')
  writeFileSync(
    file,
    'name: doubtful\nsteps: 2\nwarmStart: {steps: 1}\ndata: {train: doubtful.jsonl, testShare: 0.5, onBadRow: skip}\nreward: {verifier: numeric}\n',
  )
  const text = await printed({ config: file })
  assert.match(text, /^items: .*, 7 bad rows skipped:$/m)
  assert.match(text, /doubtful\.jsonl: 12 rows, 1 bad, 6 left out because the verifier cannot read their reference, in/)
  assert.match(text, /^ {2}.*doubtful\.jsonl row 1: the points \(points\) are 11, more than the total/m)
  assert.match(text, /^ {2}item row-0000\d\d \("\d+, -\d+"\) and 5 more rows: the verifier numeric cannot read/m)
  assert.match(
    text,
    /^warning: .*6 of 11 references .* numeric and are left out; exact or math reads all of them: row/m,
  )
})
