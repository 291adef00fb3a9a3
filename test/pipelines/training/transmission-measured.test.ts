/**
 * The preflight against training: for each estimator, the transmission that is predicted from a warm-started
 * policy's answers to the test items equals the transmission that is measured in steps on the training prompts.
 *
 * They must agree within three standard errors of the difference, by the jackknife over steps. If both are
 * exact, because the estimator multiplies by the scale or divides it out at every step, they must agree within
 * 1e-5.
 */

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { recordsOf } from '../../../pipelines/advantages/records.js'
import { answeredGroups, simulatedStep, simulateGroups } from '../../../pipelines/advantages/simulated-step.js'
import { transmission, transmissionError } from '../../../pipelines/advantages/transmission.js'
import { measuredTransmission } from '../../../pipelines/comparison/measured-transmission.js'
import { type EstimatorName, estimatorNames, experimentSchema } from '../../../pipelines/config/schema.js'
import type { DataSet, Item } from '../../../pipelines/data/item.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { evaluatePolicy } from '../../../pipelines/evaluation/evaluate-policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import type { Mark } from '../../../pipelines/rewards/mark.js'
import { markByRule } from '../../../pipelines/rewards/marking.js'
import type { Rollout } from '../../../pipelines/rollout/response.js'
import { LocalSampler } from '../../../pipelines/sampling/local-sampler.js'
import { mean } from '../../../pipelines/statistics/estimate.js'
import { sampleStep } from '../../../pipelines/training/sample-step.js'
import { trainingMetrics } from '../../../pipelines/training/training-metrics.js'
import { warmStart } from '../../../pipelines/training/warm-start.js'
import { normalizeValues } from '../../../pipelines/values/normalize.js'
import type { ItemValue } from '../../../pipelines/values/value.js'

/** Options of rollout and reward that change what an estimator gets. */
const options = {
  none: {},
  mask: { overlong: { mask: true } },
  penalty: { overlong: { buffer: 10, factor: 0.5 } },
  'mask and penalty': { overlong: { mask: true, buffer: 10, factor: 0.5 } },
  dynamic: { rollout: { dynamicSampling: { rounds: 3 } } },
  // Answers with such figures end early, and are mostly wrong.
  stop: { rollout: { stop: { strings: ['73', '#4'], tokens: [], keepText: true } } },
} as const
type Option = keyof typeof options

const configOf = (name: EstimatorName, option: Option = 'none') =>
  experimentSchema.parse({
    name: 'measured',
    data: { source: 'synthetic', exam: 'pl', trainPapers: 40, testItemsPerSection: 150 },
    policy: { from: 'scratch', width: 32, heads: 2, keyValueHeads: 2, mlpWidth: 96 },
    warmStart: { steps: 250, batch: 64, warmup: 25, finalSteps: 20 },
    estimator: { name, allowCancelled: true },
    kl: { place: 'none' },
    evaluation: { samples: 8, chunk: 1200 },
    ...options[option],
  })

const config = configOf('rloo')
const steps = 120
let dataset: DataSet
let values: ItemValue[]
/** Options that change what is sampled; the others only change what becomes of it. */
const sampled = ['none', 'dynamic', 'stop'] as const
type Sampled = (typeof sampled)[number]
const sampledWith = (option: Option): Sampled => sampled.find(one => one === option) ?? 'none'

const rollouts = {} as Record<Sampled, Rollout[]>
/** Of each rollout, for every estimator and option. */
const marks = new Map<Rollout, readonly Mark[]>()
const answers = {} as Record<Sampled, Parameters<typeof answeredGroups>[0]['answered']>

before(async () => {
  dataset = await prepareData(config.data, { seed: 1 })
  values = normalizeValues(dataset.train, config.reward).values
  const policy = await warmStart({ config, dataset, hooks: noHooks })
  const tested = normalizeValues(dataset.test, config.reward).values
  const items = new Map(dataset.train.map(item => [item.id, item]))
  const sections = new Map(dataset.test.map(({ id, section }) => [id, section]))
  for (const option of sampled) {
    const own = configOf('rloo', option)
    rollouts[option] = []
    for (let step = 1; step <= steps; step++) {
      const kept = { read: () => [], keep: () => {} }
      const common = {
        policy: new LocalSampler(policy),
        items: dataset.train,
        config: own,
        step,
        mark: markByRule,
        kept,
      }
      const rollout = await sampleStep({ ...common, hooks: noHooks })
      rollouts[option].push(rollout)
      const answered = rollout.responses.map(response => ({ response, item: items.get(response.itemId) as Item }))
      marks.set(rollout, await markByRule(answered, own.reward))
    }
    const subject = { policy: new LocalSampler(policy), items: dataset.test, values: tested, config: own, step: 0 }
    const { outcomes } = await evaluatePolicy({ ...subject, hooks: noHooks })
    answers[option] = outcomes.map(({ itemId, samples }) => ({ section: sections.get(itemId) ?? '', samples }))
  }
})

type Measured = NonNullable<ReturnType<typeof measuredTransmission>>
const measuredBy = new Map<string, Measured>()

function measured(name: EstimatorName, option: Option = 'none'): Measured {
  const key = `${name} ${option}`
  const found = measuredBy.get(key) ?? measure(name, option)
  measuredBy.set(key, found)
  return found
}

function measure(name: EstimatorName, option: Option): Measured {
  const own = configOf(name, option)
  const metrics = rollouts[sampledWith(option)].map(rollout => {
    const records = recordsOf({ rollout, items: dataset.train, values, config: own, marks: marks.get(rollout) })
    return { step: rollout.step, time: 0, values: trainingMetrics({ rollout, records, config: own }) }
  })
  const found = measuredTransmission([{ seed: 1, metrics }])
  assert.ok(found !== null)
  return found
}

/** `from`: the policy's answers to the test items, or the assumptions of `rlev plan` before there is a policy. */
function predicted(name: EstimatorName, from: 'answers' | 'plan', option: Option = 'none') {
  const own = configOf(name, option)
  const batches =
    from === 'plan'
      ? simulateGroups(values, own)
      : answeredGroups({ items: dataset.train, answered: answers[sampledWith(option)], config: own })
  const { signals } = simulatedStep({ values, batches, config: own })
  return { transmission: transmission(signals)?.transmission ?? Number.NaN, error: transmissionError(signals) ?? 0 }
}

function assertAgrees(name: string, a: { transmission: number; error: number | null }, b: typeof a) {
  const allowed = 1e-5 + 3 * Math.hypot(a.error ?? 0, b.error ?? 0)
  const words = `${name}: measured ${a.transmission} ± ${a.error}, predicted ${b.transmission} ± ${b.error}`
  assert.ok(Math.abs(a.transmission - b.transmission) <= allowed, words)
  // Agreement within a wider interval would prove nothing.
  assert.ok(allowed < 0.3, words)
}

for (const name of estimatorNames) {
  test(`${name}: the transmission measured over the steps is the one predicted from the policy's answers`, () => {
    assertAgrees(name, measured(name), predicted(name, 'answers'))
  })
}

test('with a baseline for each prompt, the plan predicts the transmission before there is a policy', () => {
  for (const name of ['rloo', 'dr-grpo', 'batch-deviation', 'grpo', 'maxrl'] as const)
    assertAgrees(name, measured(name), predicted(name, 'plan'))
})

test('only the estimators that cancel are reported as cancelling', () => {
  const cancelled = estimatorNames.filter(name => measured(name).cancelled)
  assert.deepEqual(cancelled, ['grpo', 'maxrl'])
})

for (const option of ['mask', 'penalty', 'mask and penalty', 'dynamic', 'stop'] as const) {
  for (const name of ['rloo', 'grpo', 'batch-deviation', 'reinforce++'] as const) {
    test(`${name} with the option ${option}: measured as predicted from the policy's answers`, () => {
      assertAgrees(`${name}, ${option}`, measured(name, option), predicted(name, 'answers', option))
    })
  }
}

test('a mask leaves 1 and 0 as they are; a penalty that is not scaled takes a part of the value from rloo', () => {
  assert.ok(Math.abs(measured('rloo', 'mask').transmission - 1) < 1e-9)
  assert.ok(Math.abs(measured('grpo', 'mask').transmission) < 1e-5)
  assert.ok(predicted('rloo', 'plan', 'penalty').transmission < 0.99)
  assert.ok(measured('rloo', 'penalty').transmission < 0.99, `${measured('rloo', 'penalty').transmission}`)
})

test('dynamic sampling leaves 1 and 0 as they are, and fewer prompts without a signal', () => {
  assert.ok(Math.abs(measured('rloo', 'dynamic').transmission - 1) < 1e-9)
  assert.ok(Math.abs(measured('grpo', 'dynamic').transmission) < 1e-5)
  const { dynamic } = rollouts
  const left = dynamic.reduce((sum, rollout) => sum + (rollout.dynamic?.left ?? 0), 0)
  const replaced = dynamic.reduce((sum, rollout) => sum + (rollout.dynamic?.replaced ?? 0), 0)
  assert.ok(replaced > 4 * left, `${replaced} replaced, ${left} left`)
})

test('a stop ends a part of the responses, in training as in the evaluation', () => {
  const responses = rollouts.stop.flatMap(rollout => rollout.responses)
  const share = responses.filter(({ stoppedBy }) => stoppedBy !== undefined).length / responses.length
  assert.ok(share > 0.03 && share < 0.9, `${share}`)
  const lengthOf = (option: Sampled) =>
    mean(answers[option].flatMap(({ samples }) => samples.map(({ length }) => length)))
  assert.ok(lengthOf('stop') < lengthOf('none'))
})
