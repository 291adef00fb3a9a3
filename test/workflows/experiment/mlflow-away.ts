/** Runs whose MLflow server is away or refuses: training goes on, and tracking follows. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { planPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readResult } from '../../../activities/store/runs/runs.js'
import { goOn } from '../../../commands/runs/go-on.js'
import { lookAtRun } from '../../../commands/runs/run-status.js'
import { TemporalRuns } from '../../../commands/runs/temporal-runs.js'
import { progressQuery, type SweepProgress } from '../../../workflows/messages.js'
import { until } from '../at-work.js'
import { tinyConfig, tinySweep } from '../tiny.js'
import {
  expected,
  mlflow,
  progressOf,
  replaceOrchestrator,
  run,
  services,
  start,
  startSweep,
  trackedRuns,
} from './on-services.js'

describe('an MLflow that is away', () => {
  it('delays tracking and not training, and gets every point once when it is back', async () => {
    await services.killMlflow()
    const apart = { durability: { stepsPerActivity: 1, heartbeatTimeout: 3, maxHistoryEvents: 40 } }
    const single = await start(tinyConfig('untracked', apart))
    const givenUp = await start(tinyConfig('given-up'))
    const pair = await startSweep(tinySweep('unseen', { a: {}, b: { reward: { scale: 'correctness' } } }))
    for (const name of ['untracked', 'given-up'])
      await until(`the report of ${name}`, () => existsSync(planPaths.report(runFolder(services.path, name))))
    assert.equal(readResult(services.path, 'untracked')?.weights, expected.weights)
    await until('word of what is waited for', async () => (await progressOf(single)).onlyTrackingSince !== undefined)
    assert.equal((await single.describe()).status.name, 'RUNNING')

    // Both arms have their results, so the sweep can compare them.
    await until('the report of the sweep', () => existsSync(planPaths.report(runFolder(services.path, 'unseen'))))
    assert.equal(readResult(services.path, 'unseen/b/seed-1')?.state, 'done')
    // The workflow hears of its report a moment later.
    const waits = async () => ((await pair.query(progressQuery)) as SweepProgress).onlyTrackingSince !== undefined
    await until('word of what the sweep waits for', waits)

    // There is nothing left to cancel but the wait.
    await givenUp.cancel()
    await sleep(1000)
    assert.equal(readResult(services.path, 'given-up')?.state, 'done')

    await services.startMlflow()
    for (const [name, handle] of Object.entries({ untracked: single, 'given-up': givenUp })) {
      const result = await handle.result()
      assert.equal(result.weights, expected.weights)
      assert.equal(result.trackingFailure, undefined)
      const [tracked, ...others] = await trackedRuns(name)
      assert.equal(others.length, 0)
      assert.equal(tracked?.info.status, 'FINISHED')
      const history = await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')
      assert.deepEqual(
        history.map(({ step }) => step).sort((a, b) => a - b),
        [1, 2, 3, 4, 5, 6],
      )
    }
    await pair.result()
    const statuses = (await trackedRuns('unseen')).map(({ info }) => info.status)
    assert.deepEqual(statuses, ['FINISHED', 'FINISHED', 'FINISHED'])
    const report = readFileSync(planPaths.report(runFolder(services.path, 'unseen')), 'utf8')
    assert.ok(report.includes(services.services.mlflow.url), 'the report leads to MLflow, now that there is a page')
  })
})

describe('an MLflow that refuses', () => {
  it('ends the run without its tracking, which says so, and resume sends all of it', async () => {
    const refusing = createServer((request, response) =>
      request.resume().on('end', () => response.writeHead(404).end()),
    )
    await once(refusing.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
    await replaceOrchestrator({ ...services.services, mlflow: { url } })
    const temporal = new TemporalRuns(services.services.temporal, services.home)
    try {
      const { trackingFailure } = await run(tinyConfig('refused'))
      assert.match(trackingFailure ?? '', /404/)
      const view = await lookAtRun(services.home, 'refused', temporal)
      assert.equal(view.state, 'done')
      assert.match(view.notes.join('\n'), /MLflow lacks some of this run: [\s\S]*404[\s\S]*`rlev resume` sends/)
      assert.equal((await trackedRuns('refused')).length, 0)

      await replaceOrchestrator()
      assert.match(await goOn({ home: services.home, view, temporal }), /goes on sending MLflow what it lacks/)
      await services.client.workflow.getHandle(temporal.workflowId('refused')).result()
      const after = await lookAtRun(services.home, 'refused', temporal)
      assert.deepEqual([after.state, after.notes, after.weights], ['done', [], expected.weights])
      assert.match(await goOn({ home: services.home, view: after, temporal }), /nothing to do/)
      const [tracked, ...others] = await trackedRuns('refused')
      assert.equal(others.length, 0)
      assert.equal(tracked?.info.status, 'FINISHED')
      assert.equal((await mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'reward/mean')).length, 6)
    } finally {
      await temporal.close()
      refusing.close()
    }
  })
})
