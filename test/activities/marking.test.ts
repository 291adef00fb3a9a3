/**
 * A sweep with negative marking and partial credit on a data file, in Temporal's activity environment. Every response that it made is
 * marked again here, by letters and points alone.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readData } from '../../activities/prepare-data.js'
import { readReferences } from '../../activities/store/references.js'
import { type RolloutEntry, unpackRollout } from '../../activities/store/rollout-entry.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readEvaluations, readItemOutcomes, readMetrics } from '../../activities/store/runs/runs.js'
import { readSealed } from '../../activities/store/sealed.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import type { StepRecord } from '../../pipelines/advantages/records.js'
import { loadPlan } from '../../pipelines/config/load.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../pipelines/data/item.js'
import { runExperiment } from './driver.js'

const steps = 6
let place: Workplace
let configs: ExperimentConfig[]
let data: DataSet

before(async () => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-marking-')))
  const plan = loadPlan({ path: 'test/fixtures/marking/sweep.yaml' })
  assert.ok(plan.kind === 'sweep')
  configs = plan.arms.map(({ name, config }) => ({
    ...config,
    name,
    steps,
    evaluation: { ...config.evaluation, every: steps },
  }))
  for (const config of configs) await runExperiment(place, config)
  const reference = readReferences(runFolder(place.home, 'human-aligned')).get('data')
  assert.ok(reference)
  data = readData(place.store, reference)
})
after(() => rmSync(place.home, { recursive: true, force: true }))

/** Points of 4 or 1, as a marker gives them for a response that is nothing but # and letters; null for another text. */
function points(text: string, { answer, section, points: most }: Item): number | null {
  const chosen = /#([A-D]+)$/.exec(text)?.[1]
  if (chosen === undefined || new Set(chosen).size < chosen.length) return null
  const letters = [...chosen]
  if (letters.some(letter => !answer.includes(letter))) return section === 'several' ? -2 : -0.25
  return letters.length === answer.length ? most : letters.length
}

const creditIn = ({ verdict, credit = verdict === 'correct' ? 1 : 0 }: { verdict: string; credit?: number }) => credit

test('every reward is the scale times the credit that a marker gives', () => {
  for (const { name, reward } of configs) {
    const folder = runFolder(place.home, name)
    const items = new Map(data.train.map(item => [item.id, item]))
    const credits = new Set<number>()
    for (let step = 1; step <= steps; step++) {
      const { responses } = unpackRollout(
        readSealed<RolloutEntry>(experimentPaths.rollout(folder, step)) ?? assert.fail(),
      )
      const { records } = readSealed<{ records: StepRecord[] }>(experimentPaths.records(folder, step)) ?? assert.fail()
      for (const [index, { text, finish, itemId }] of responses.entries()) {
        const [item, record] = [items.get(itemId), records[index]]
        assert.ok(item && record)
        const scale = reward.scale === 'correctness' ? 1 : 1 + Math.min(10 * (item.points / item.total), 1)
        assert.equal(record.scale, scale)
        assert.equal(record.reward, scale * creditIn(record))
        const marked = finish === 'length' ? 0 : points(text, item)
        if (marked === null) continue
        assert.equal(creditIn(record), marked / item.points, `${text} for ${item.answer} in ${item.section}`)
        credits.add(creditIn(record))
      }
    }
    for (const credit of [1, 0.5, 0.25, -0.25, -0.5]) assert.ok(credits.has(credit), `${name} has no ${credit}`)
  }
})

test('the H-Acc of an evaluation is the points earned over the points of the exam, and Acc the share with all of them', () => {
  for (const { name } of configs) {
    for (const { evaluation } of readEvaluations(place.home, name)) {
      const outcomes = readItemOutcomes(place.home, name, evaluation.step) ?? assert.fail()
      const earned = data.test.reduce((sum, item, index) => {
        const greedy = outcomes[index]?.greedy ?? assert.fail()
        return sum + item.points * creditIn(greedy)
      }, 0)
      const all = data.test.reduce((sum, item) => sum + item.points, 0)
      assert.ok(Math.abs(evaluation.greedy.hAcc - earned / all) < 1e-12)
      const right = outcomes.filter(({ greedy }) => greedy.verdict === 'correct').length
      assert.ok(Math.abs(evaluation.greedy.acc - right / data.test.length) < 1e-12)
      assert.ok(evaluation.credit !== undefined)
    }
  }
})

test('a step tells its mean credit, and the value reaches it: transmission 1 through rloo', () => {
  const measured = readMetrics(place.home, 'human-aligned')
  assert.equal(measured.length, steps)
  for (const { values } of measured) {
    assert.ok(Number.isFinite(values['reward/credit_mean']))
  }
  const transmitted = measured.flatMap(({ values }) => values['value/transmission'] ?? [])
  assert.ok(transmitted.length > 0)
  for (const one of transmitted) assert.ok(Math.abs(one - 1) < 1e-9, `${one}`)
})
