/** Runs that cannot learn, really made by the stages: what is said of them, and that nothing is said of one that learns. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readOutcomes } from '../../activities/store/runs/outcomes.js'
import { planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readMetrics, readPlan, readResult } from '../../activities/store/runs/runs.js'
import { tallyIn } from '../../commands/runs/known-tallies.js'
import { storedExperiments } from '../../commands/runs/stored-experiments.js'
import { compareArms } from '../../pipelines/comparison/compare-arms.js'
import { experimentSchema } from '../../pipelines/config/schema.js'
import { StepTally } from '../../pipelines/evaluation/step-tally.js'
import { comparisonTable } from '../../pipelines/report/tables/comparison-as-text.js'
import { runInProcess } from '../../scripts/drill/in-process.js'
import { shortest, tinyConfig, tinyKeys } from '../workflows/tiny.js'

const home = mkdtempSync(join(tmpdir(), 'rlev-alarms-'))
after(() => rmSync(home, { recursive: true, force: true }))

type Overrides = Parameters<typeof tinyConfig>[1]

async function made(name: string, overrides: Overrides) {
  await runInProcess({ home, config: tinyConfig(name, overrides) })
  const plan = readPlan(home, name)
  const comparison = compareArms({ plan, outcomes: readOutcomes(home, name) })
  const [view] = storedExperiments(home, plan)
  const alarms = comparison.alarms.flatMap(one => one.alarms)
  assert.deepEqual(view?.alarms ?? [], alarms, 'status and compare say the same')
  const tally = StepTally.of(readMetrics(home, name)).toJSON()
  assert.deepEqual(readResult(home, name)?.tally, tally, 'the result keeps what the steps say')
  assert.deepEqual(
    tallyIn(runFolder(home, name), undefined).toJSON(),
    tally,
    'as a result of an older version does not',
  )
  const report = (file: string) => readFileSync(join(planPaths.reportFolder(runFolder(home, name)), file), 'utf8')
  return { alarms, kinds: alarms.map(({ kind }) => kind), text: comparisonTable(comparison), report }
}

const steps: Overrides = { steps: 12, evaluation: { every: 6 }, checkpoint: { everySteps: 6 } }

test('of a run that learns nothing is said, on any surface', async () => {
  const { alarms, text, report } = await made('healthy', steps)
  assert.ok(readMetrics(home, 'healthy').some(({ values }) => values['update/skipped'] === 0))
  assert.deepEqual(alarms, [])
  assert.doesNotMatch(text + report('report.html') + report('comparison.md'), /ALARM|Alarm/)
})

test('a response of one token is always cut: steps are skipped, the weights stay, and it is said everywhere', async () => {
  const { kinds, alarms, text, report } = await made('cut', { ...steps, rollout: { maxTokens: 1 } })
  assert.deepEqual(kinds, ['same-weights', 'skipped-steps', 'degenerate-groups', 'cut-responses', 'cut-evaluation'])
  for (const { figure, limit } of alarms) assert.ok(figure > limit && limit === 0.9, `${figure} above ${limit}`)
  assert.match(text, /^ALARM cut: The weights after 12 steps are those before the first one: nothing was learned\. /m)
  assert.match(
    text,
    /^ALARM cut: .* 12 of 12 steps changed nothing, .* were cut at rollout\.maxTokens 1\. Raise rollout\.maxTokens/m,
  )
  assert.match(report('report.html'), /<h2>Alarms<\/h2>/)
  assert.match(report('comparison.md'), /^- \*\*Alarm\*\* cut: /m)
  const stored = JSON.parse(report('comparison.json')) as { alarms: { alarms: { kind: string }[] }[] }
  assert.deepEqual(
    stored.alarms.flatMap(one => one.alarms.map(({ kind }) => kind)),
    kinds,
  )
})

test('steps that are too small for the weights leave them as they were, though none is skipped', async () => {
  const { kinds, alarms } = await made('still', { ...steps, update: { learningRate: 1e-30 } })
  assert.ok(readMetrics(home, 'still').some(({ values }) => values['update/skipped'] === 0))
  assert.deepEqual(kinds, ['same-weights'])
  assert.match(alarms[0]?.remedy ?? '', /Raise update\.learningRate: a step of 1e-30 is lost/)
})

test('the weights of a checkpoint are compared by their values: steps that change none are told, and one that decays them is not', async () => {
  const { policy: _, warmStart: __, update: ___, ...rest } = tinyKeys(shortest)
  // Nothing is rewarded, and the divergence keeps the steps from being skipped.
  const forced = {
    ...rest,
    policy: { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' },
    kl: { place: 'loss', coefficient: 0.1, estimator: 'k2' },
    evaluation: { every: 2, samples: 0, chunk: 32 },
  }
  const run = async (name: string, update: object) => {
    await runInProcess({ home, config: experimentSchema.parse({ name, ...forced, update }) })
    assert.ok(readMetrics(home, name).every(({ values }) => values['update/skipped'] === 0))
    return storedExperiments(home, readPlan(home, name))[0]?.alarms?.map(({ kind }) => kind) ?? []
  }
  assert.ok((await run('kept', { microBatch: 8, learningRate: 1e-30 })).includes('same-weights'))
  const decayed = await run('decayed', { microBatch: 8, learningRate: 1e-3, weightDecay: 0.1 })
  assert.ok(!decayed.includes('same-weights'), decayed.join())
})
