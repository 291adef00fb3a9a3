/** Threads of the policies of a plan: by size and what is stated; a run that has begun keeps its count. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allThreadsFrom, threadsLine, withThreads } from '../../../commands/plan/threads.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import { localEngine } from '../../../pipelines/config/engine-kinds.js'
import { experimentSchema, type Plan, sweepSchema } from '../../../pipelines/config/schema.js'

const small = allThreadsFrom - 1
const large = allThreadsFrom
const machine = { cores: 4, card: false, stated: undefined }

const config = (engine: object = {}) => experimentSchema.parse({ name: 'exam', engine })
const run = (engine: object = {}): Plan => ({ kind: 'experiment', name: 'exam', config: config(engine), warnings: [] })
const sweep = (engine: object = {}): Plan => {
  const { arms: _arms, grid: _grid, zip: _zip, ...settings } = sweepSchema.parse({ baseline: 'a', seeds: [1, 2] })
  const arms = ['a', 'b'].map(name => ({ name, config: config(engine) }))
  return { kind: 'sweep', name: 'exam', settings, arms, warnings: [] }
}

interface Case {
  plan: Plan
  weights?: number
  before?: Plan
  concurrencyStated?: boolean
  machine?: Partial<Parameters<typeof withThreads>[0]['machine']>
}

const decided = ({ plan, weights = large, before, concurrencyStated = false, machine: other = {} }: Case) =>
  withThreads({
    ...{ plan, concurrencyStated, before: before ?? null },
    machine: { ...machine, ...other },
    weights: async () => weights,
  })

const threadsOf = (plan: Plan) =>
  (plan.kind === 'experiment' ? [plan] : plan.arms).map(arm => localEngine(arm.config.engine).threads)
const concurrencyOf = (plan: Plan) => (plan.kind === 'sweep' ? plan.settings.concurrency : 1)

test('a small policy keeps the config that it had, and so its digest', async () => {
  for (const plan of [run(), sweep()]) assert.deepEqual(await decided({ plan, weights: small }), plan)
  assert.equal(
    experimentKey(config()),
    experimentKey({ ...config(), engine: { ...localEngine(config().engine), threads: undefined } }),
  )
})

test('a large policy gets all cores, in a sweep one experiment at a time', async () => {
  assert.deepEqual(threadsOf(await decided({ plan: run() })), [4])
  const plan = await decided({ plan: sweep() })
  assert.deepEqual([threadsOf(plan), concurrencyOf(plan)], [[4, 4], 1])
  assert.match(threadsLine(plan) ?? '', /^threads: 4 for each policy, one experiment at a time/)
  assert.equal(threadsLine(sweep()), undefined)
})

test('experiments that are to run at the same time share the cores', async () => {
  const plan = await decided({ plan: sweep(), concurrencyStated: true })
  assert.deepEqual([threadsOf(plan), concurrencyOf(plan)], [[2, 2], 2])
  const two = await decided({ plan: sweep(), concurrencyStated: true, machine: { cores: 2 } })
  assert.deepEqual([threadsOf(two), concurrencyOf(two)], [[undefined, undefined], 2])
})

test('what the config or the environment states holds; lanes, a card and a single core leave one thread', async () => {
  assert.deepEqual(threadsOf(await decided({ plan: run({ threads: 3 }) })), [3])
  assert.deepEqual(threadsOf(await decided({ plan: run(), weights: small, machine: { stated: 2 } })), [2])
  assert.deepEqual(threadsOf(await decided({ plan: run(), machine: { stated: 1 } })), [undefined])
  for (const plan of [run({ lanes: 4 }), sweep({ lanes: 4 })]) assert.deepEqual(await decided({ plan }), plan)
  assert.deepEqual(await decided({ plan: sweep(), machine: { card: true } }), sweep())
  assert.deepEqual(await decided({ plan: sweep(), machine: { cores: 1 } }), sweep())
})

test('a run that has begun keeps its count and its concurrency on a machine with other cores', async () => {
  const before = await decided({ plan: sweep() })
  assert.deepEqual(await decided({ plan: sweep(), before, machine: { cores: 16, stated: 8 } }), before)
  const old = sweep()
  assert.deepEqual(await decided({ plan: sweep(), before: old }), old)
})
