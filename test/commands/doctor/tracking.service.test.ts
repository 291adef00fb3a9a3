/** Runs that MLflow believes to be at work: which of them doctor closes, on a real MLflow and a real Temporal server. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { writeWhole } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepPlan } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import { homeId } from '../../../activities/workplace.js'
import { mendTracking } from '../../../commands/doctor/tracking.js'
import { TestServices } from '../../services.js'
import { tinyConfig } from '../../workflows/tiny.js'

let services: TestServices
let mlflow: MlflowClient
let experimentId: string
before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  services.home.services = services.services
  mlflow = new MlflowClient({ address: services.services.mlflow.url })
  experimentId = await mlflow.ensureExperiment('rlev')
})
after(() => services?.stop())

/** A run in status RUNNING, as tracking opens one. */
async function tracked(name: string, home = homeId(services.path)): Promise<string> {
  const config = tinyConfig(name)
  keepPlan(services.path, { kind: 'experiment', name, config, warnings: [] })
  const key = `${name}@${'a'.repeat(12)}@${home}`
  const run = await mlflow.ensureRun({ experimentId, key, runName: name, startTime: 1, tags: [] })
  return run.info.run_id
}

const start = (name: string) =>
  services.client.workflow.start('nobody', { taskQueue: 'none', workflowId: name, args: [] })

const result = (name: string, state: 'done' | 'failed' | 'cancelled') =>
  writeWhole(experimentPaths.result(runFolder(services.path, name)), seal({ state, step: 1 }))

it('those whose workflow is over, or whose result says so, get their status; those at work and those of other homes stay', async () => {
  const runs = {
    terminated: await tracked('terminated'),
    'at-work': await tracked('at-work'),
    done: await tracked('done'),
    failed: await tracked('failed'),
    'not-known': await tracked('not-known'),
    elsewhere: await tracked('elsewhere', 'ffffffff'),
  }
  await (await start('terminated')).terminate()
  await start('at-work')
  // An old result of a run that was taken up again.
  result('at-work', 'cancelled')
  result('done', 'done')
  result('failed', 'failed')
  const statuses = async () =>
    Object.fromEntries(
      await Promise.all(Object.entries(runs).map(async ([name, id]) => [name, (await mlflow.getRun(id)).info.status])),
    )

  const told = await mendTracking(services.home, false)
  assert.deepEqual(
    told.map(({ done }) => done),
    ['would', 'would', 'would'],
  )
  assert.deepEqual(new Set(Object.values(await statuses())), new Set(['RUNNING']))

  const mended = await mendTracking(services.home, true)
  assert.equal(mended.length, 3)
  assert.ok(mended.every(({ place }) => place.startsWith(services.services.mlflow.url)))
  assert.deepEqual(await statuses(), {
    terminated: 'KILLED',
    'at-work': 'RUNNING',
    done: 'FINISHED',
    failed: 'FAILED',
    'not-known': 'RUNNING',
    elsewhere: 'RUNNING',
  })
  assert.deepEqual(await mendTracking(services.home, true), [])
})

it('one that nobody opened, beside the one that ended, is deleted; alone it is closed like any other', async () => {
  const ended = await tracked('late')
  await mlflow.setTag(ended, 'rlev.kind', 'experiment')
  await mlflow.updateRun({ runId: ended, status: 'FINISHED', endTime: 2 })
  result('late', 'done')
  // Committed long after the attempt that asked for it gave up.
  const key = `late@${'a'.repeat(12)}@${homeId(services.path)}`
  const tags = [{ key: 'rlev.key', value: key }]
  const { info } = await mlflow.createRun({ experimentId, runName: 'late', startTime: 1, tags })
  assert.match((await mendTracking(services.home, true)).map(({ what }) => what).join(), /which nobody opened/)
  const left = await mlflow.runsByTag(experimentId, 'rlev.key', key)
  assert.deepEqual(
    left.map(run => run.info.run_id),
    [ended],
  )
  assert.equal((await mlflow.getRun(info.run_id)).info.lifecycle_stage, 'deleted')
})

it('none is touched where MLflow does not answer', async () => {
  await services.killMlflow()
  assert.deepEqual(await mendTracking(services.home, true), [])
})
