/**
 * A home with a finished sweep of made-up numbers, without services, for the time of `status` and `report`:
 * `node dist/scripts/bench/sweep/finished.js FOLDER --cells 5000`.
 */
import { parseArgs } from 'node:util'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { workplace } from '../../../activities/workplace.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { planDigest } from '../../../pipelines/config/digest.js'
import { idInSweep, startOrder } from '../../../pipelines/config/start-order.js'
import { given } from '../../../pipelines/given.js'
import { planOf } from './plan.js'
import { stubbedGpu, stubbedIo } from './stubs.js'

const { values, positionals } = parseArgs({
  options: { cells: { type: 'string', default: '5000' }, seeds: { type: 'string', default: '5' } },
  allowPositionals: true,
})
const [home] = positionals
if (home === undefined) throw new Error('give the folder to make')
const seeds = Number(values.seeds)
const plan = planOf({ arms: Math.ceil(Number(values.cells) / seeds), seeds, concurrency: 16 })
const reference = { name: plan.name, digest: planDigest(plan) }
const place = workplace(home)
const [io, gpu] = [stubbedIo(place), stubbedGpu(place)]
const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
// The stubs look at no input but these.
const stages = undefined as never

freezePlan(home, plan, plan.name)
for (const cell of startOrder(plan)) {
  const id = idInSweep(plan.name, cell)
  await environment.run(io.freezeRun, { cell: { id, sweep: reference } })
  await gpu.evaluatePolicy({ run: id, stages, step: 0 })
  const { step, weights } = await gpu.trainSteps({ run: id, stages, from: 0, to: cell.config.steps })
  await gpu.evaluatePolicy({ run: id, stages, step })
  await environment.run(() => io.recordResult({ run: id, state: 'done', step, ...given({ weights }) }))
}
