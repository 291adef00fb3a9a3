/** The link of a report to MLflow that becomes known only when the run in MLflow ends, because MLflow was away until then. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SweepPlan } from '../../../pipelines/config/schema.js'
import { shortest, tinyConfig, tinySweep } from '../tiny.js'
import { mocked, type Sweep, suite, sweepProgress, until } from './mocked-workers.js'
import { assertCancelled, calls, hold, idOf, two } from './sweep-moments.js'

/** Of the reports that were written, in order. */
const links = (name: string) =>
  calls(name, 'publishReport').map(({ input }) => (input as { trackingUrl?: string }).trackingUrl)

const starts: Record<string, (plan: SweepPlan) => Promise<Sweep>> = {
  'a sweep': plan => mocked.startSweep(plan),
  'a sweep in batches': plan => mocked.startLargeSweep(plan, { cells: 1 }),
}

/** MLflow does not answer until the run in it is to end. */
const away = (id: string) => hold(id, 'openTracking')

describe('a link to MLflow that is known late', suite, () => {
  for (const [kind, start] of Object.entries(starts)) {
    const name = (what: string) => `late-${what}-${kind.replaceAll(' ', '-')}`

    it(`comes into the report of ${kind} after its run in MLflow has ended`, async () => {
      const plan = tinySweep(name('link'), two)
      away(plan.name)
      const sweep = await start(plan)
      const { trackingUrl, trackingFailure } = await sweep.result()
      assert.deepEqual([trackingUrl, trackingFailure], [`http://mlflow/${plan.name}`, undefined])
      assert.deepEqual(links(plan.name), [undefined, trackingUrl])
    })

    it(`comes into the report of ${kind} that is cancelled while it waits for MLflow`, async () => {
      const plan = tinySweep(name('cancelled'), two)
      away(plan.name)
      const closing = hold(idOf(plan, 'a'), 'closeTracking')
      const sweep = await start(plan)
      await closing.begun
      await until('the report', async () => (await sweepProgress(sweep)).reportPath !== undefined)
      await sweep.cancel()
      await assertCancelled(sweep)
      assert.deepEqual(links(plan.name), [undefined, `http://mlflow/${plan.name}`])
    })

    it(`does not come into ${kind} that has no report`, async () => {
      const plan = tinySweep(name('without'), two, { concurrency: 1 })
      away(plan.name)
      const training = hold(idOf(plan, 'a'), 'trainSteps')
      const sweep = await start(plan)
      await training.begun
      await sweep.cancel()
      await assertCancelled(sweep)
      assert.deepEqual(links(plan.name), [])
    })

    it(`does not fail ${kind} if the report cannot be written again`, async () => {
      const plan = tinySweep(name('failing'), two)
      away(plan.name)
      const [first, second] = [hold(plan.name, 'publishReport'), hold(plan.name, 'publishReport')]
      const sweep = await start(plan)
      first?.answer()
      second?.fail('the disk is full')
      const { trackingUrl } = await sweep.result()
      assert.deepEqual(links(plan.name), [undefined, trackingUrl])
    })
  }

  it('comes into the report of an experiment', async () => {
    const name = 'late-link-experiment'
    away(name)
    const handle = await mocked.startExperiment(tinyConfig(name, shortest))
    const { trackingUrl } = await handle.result()
    assert.deepEqual(links(name), [undefined, trackingUrl])
  })
})
