/** The sweeps of the paper's tables and figures, and the studies beside them, each at the size of a test: every arm of them from its config to the report. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { plan } from '../../commands/plan.js'
import { loadPlan } from '../../pipelines/config/load.js'
import { inHome } from './in-home.js'

// A worker takes longer to record the graphs of so small a policy than to run its arms: two would record them twice.
process.env['RLEV_POLICY_WORKERS'] = '1'
const { rlev, statusOf, becomes, end } = inHome()
after(async () => {
  await end()
  delete process.env['RLEV_POLICY_WORKERS']
})

const small = [
  ...['steps=2', 'data.trainPapers=4', 'data.testItemsPerSection=8'],
  ...['policy.width=16', 'policy.layers=1', 'policy.heads=2', 'policy.keyValueHeads=2', 'policy.mlpWidth=32'],
  ...['warmStart.steps=4', 'warmStart.batch=16', 'warmStart.warmup=1', 'warmStart.finalSteps=1'],
  ...['rollout.prompts=4', 'rollout.samples=4', 'rollout.chunk=16', 'rollout.maxTokens=8'],
  ...['evaluation.every=2', 'evaluation.samples=1', 'evaluation.chunk=32', 'checkpoint.everySteps=2'],
].flatMap(word => ['--set', word])

const files = ['paper', 'studies'].flatMap(folder =>
  readdirSync(join('configs', folder))
    .sort()
    .map(file => ({ folder, file })),
)

function armsOf(path: string): number {
  const plan = loadPlan({ path })
  assert.ok(plan.kind === 'sweep' && plan.arms.length >= 2)
  return plan.arms.length
}

/** What `rlev plan` prints. */
async function planText(path: string, t: TestContext): Promise<string> {
  const lines: string[] = []
  const printed = t.mock.method(console, 'log', (line: string) => lines.push(line))
  await plan({ config: path })
  printed.mock.restore()
  return lines.join('\n')
}

for (const { folder, file } of files) {
  const name = file.replace(/\.yaml$/, '')
  test(`${folder}/${file} passes its plan and runs at a reduced size, every arm to its end`, async t => {
    const path = join('configs', folder, file)
    assert.doesNotMatch(await planText(path, t), /^refuse: /m)

    const begun = await rlev('sweep', path, '--seed', '1', '--detach', ...small)
    assert.equal(begun.status, 0, `${begun.out}\n${begun.err}`)
    await becomes(name, 'done')
    const { experiments } = await statusOf(name)
    assert.equal(experiments.length, armsOf(path))
    assert.ok(experiments.every(({ step }: { step: number }) => step === 2))
  })
}

test('an arm whose estimator cancels the value is said to take the steps of correctness, and no other arm is', async () => {
  const { notes }: { notes: string[] } = await statusOf('table1')
  const cancelled = notes.filter(note => note.includes('value transmission 0.00'))
  assert.deepEqual(cancelled, [
    'grpo-small-human-aligned: value transmission 0.00: grpo cancels the value, and the arm takes the steps of correctness.',
  ])
})

test('further test sets have separate tables, before and after training, with the figures of the paper beside', async () => {
  const { out } = await rlev('compare', 'table2')
  assert.match(out, /^Transfer to other test sets, greedy/m)
  for (const set of ['other-composition', 'other-sections', 'longer-numbers', 'other-language'])
    assert.match(out, new RegExp(`^ {2}${set}, small-human-aligned( +\\d+\\.\\d){2} +[-+]?\\d+\\.\\d`, 'm'))
  assert.match(out, /^ {2}gpqa, large-human-aligned +33\.2 +43\.4 +\+3\.5$/m)
})
