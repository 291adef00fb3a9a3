/** The report of a large sweep, which is written in a thread: heartbeats go on, and a refusal comes out as it is. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { ioActivities } from '../../../activities/io-activities.js'
import { writeReportInThread } from '../../../activities/report/report-thread.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { tinySweep } from '../../workflows/tiny.js'

let place: Workplace
beforeEach(() => {
  place = workplace(mkdtempSync(join(tmpdir(), 'rlev-report-thread-')))
})
afterEach(() => rmSync(place.home, { recursive: true, force: true }))

test('it is written as any other, and the event loop of the worker goes on meanwhile', async () => {
  const seeds = Array.from({ length: 300 }, (_, index) => index)
  freezePlan(place.home, tinySweep('wide', { a: {}, b: { steps: 7 } }, { seeds }), 'wide')
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  let turns = 0
  const timer = setInterval(() => turns++, 10)
  const report = () => ioActivities(place).publishReport({ name: 'wide' })
  const { path } = (await environment.run(report)) as Awaited<ReturnType<typeof report>>
  clearInterval(timer)
  assert.ok(existsSync(join(place.home, path)))
  // Heartbeats come from a timer too.
  assert.ok(turns > 10, `${turns} turns of the event loop`)
})

test('a refusal in the thread has its kind, and a cancellation ends the thread', async () => {
  const subject = { name: 'none' }
  const { signal } = new AbortController()
  await assert.rejects(writeReportInThread({ home: place.home, subject }, signal), { kind: 'NotFound' })
  const left = new AbortController()
  const writing = writeReportInThread({ home: place.home, subject }, left.signal)
  left.abort()
  await assert.rejects(writing, /the thread of the report ended/)
})
