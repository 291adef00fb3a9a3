/**
 * The sweeps of the paper's tables and figures, and the studies beside them, each at the size of a test: every arm of them from its
 * config to the report. Tables 1 and 2 run as a person runs them, by the command and over services. Of the others the workflow is
 * the same, so their arms go through the same activities in this process.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, readMetrics } from '../../activities/store/runs/runs.js'
import { workplace } from '../../activities/workplace.js'
import { checkedPlan } from '../../commands/plan/checked.js'
import { plan } from '../../commands/plan/plan.js'
import { loadPlan } from '../../pipelines/config/load.js'
import { runPlan } from '../activities/driver.js'
import { inHome } from './in-home.js'

// Two workers would start one more process and share so little work.
process.env['RLEV_POLICY_WORKERS'] = '1'
const { folder, rlev, statusOf, becomes, end } = inHome()
const place = workplace(join(folder, 'in-process'))
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
  // To record graphs takes longer than to run an arm of so small a policy.
  'engine.mode=eager',
]
const transferSets = ['other-composition', 'other-sections', 'longer-numbers', 'other-language']
const smallSets = transferSets.map(set => `evaluation.transfer.${set}.testItemsPerSection=8`)
const byCommand = new Map([
  ['table1.yaml', small],
  ['table2.yaml', [...small, ...smallSets]],
])

const files = ['paper', 'studies'].flatMap(kind =>
  readdirSync(join('configs', kind))
    .sort()
    .map(file => ({ kind, file })),
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

for (const { kind, file } of files) {
  const name = file.replace(/\.yaml$/, '')
  test(`${kind}/${file} passes its plan and runs at a reduced size, every arm to its end`, async t => {
    const path = join('configs', kind, file)
    assert.doesNotMatch(await planText(path, t), /^refuse: /m)
    const set = byCommand.get(file)
    if (set === undefined) {
      const { plan: reduced } = await checkedPlan({ config: path, kind: 'sweep', seed: 1, set: small })
      await runPlan(place, reduced)
      assert.equal(experimentsOf(reduced).length, armsOf(path))
      for (const { id } of experimentsOf(reduced)) assert.equal(readMetrics(place.home, id).length, 2, id)
      const report = readFileSync(planPaths.report(runFolder(place.home, name)), 'utf8')
      for (const { arm } of experimentsOf(reduced)) assert.ok(report.includes(arm), arm)
      return
    }
    const begun = await rlev('sweep', path, '--seed', '1', '--detach', ...set.flatMap(word => ['--set', word]))
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
  for (const set of transferSets)
    assert.match(out, new RegExp(`^ {2}${set}, small-human-aligned( +\\d+\\.\\d){2} +[-+]?\\d+\\.\\d`, 'm'))
  assert.match(out, /^ {2}gpqa, large-human-aligned +33\.2 +43\.4 +\+3\.5$/m)
})
