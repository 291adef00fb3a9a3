/** Reports are written in a thread: heartbeats go on, whatever the size of the run, and a refusal comes out as it is. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { armFailPoints } from '../../../activities/fail-points/fail-point.js'
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

for (const { name, seeds } of [
  { name: 'narrow', seeds: [1, 2] },
  { name: 'wide', seeds: Array.from({ length: 300 }, (_, index) => index) },
]) {
  test(`the report of a ${name} sweep leaves the event loop of the worker free`, async () => {
    freezePlan(place.home, tinySweep(name, { a: {}, b: { steps: 7 } }, { seeds }), name)
    const report = () => ioActivities(place).publishReport({ name })
    const publish = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(report)
    // Loads what the first one needs, in separate turns.
    await publish()
    const began = performance.now()
    let [last, longest] = [began, 0]
    const look = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    const timer = setInterval(look, 1)
    const { path } = (await publish()) as Awaited<ReturnType<typeof report>>
    look()
    clearInterval(timer)
    assert.ok(existsSync(join(place.home, path)))
    // Heartbeats come from a timer too. In the same thread one turn of the event loop would take nearly all of the time.
    const whole = performance.now() - began
    assert.ok(longest < whole / 2, `a turn of the event loop took ${longest} ms of ${whole}`)
  })
}

test('a refusal in the thread has its kind, and a cancellation ends the thread', async () => {
  const subject = { name: 'none' }
  const { signal } = new AbortController()
  await assert.rejects(writeReportInThread({ home: place.home, subject }, signal), { kind: 'NotFound' })
  const left = new AbortController()
  const writing = writeReportInThread({ home: place.home, subject }, left.signal)
  setImmediate(() => left.abort())
  await assert.rejects(writing, /the thread of the report ended/)
})

test('reports that are asked for at the same time are written one after the other, and one that is not waited for is not written', async () => {
  for (const name of ['first', 'second', 'third'])
    freezePlan(place.home, tinySweep(name, { a: {}, b: { steps: 7 } }), name)
  const left = new AbortController()
  const write = (name: string, signal = new AbortController().signal) =>
    writeReportInThread({ home: place.home, subject: { name } }, signal)
  const [first, second, third] = [write('first'), write('second', left.signal), write('third')]
  left.abort()
  await assert.rejects(second, { name: 'AbortError' })
  const written = [await first, await third].map(({ path }) => existsSync(join(place.home, path)))
  assert.deepEqual(written, [true, true])
  assert.ok(!existsSync(join(place.home, 'runs', 'second', 'report')))
})

test('a fail point is met in the thread, and once', async () => {
  freezePlan(place.home, tinySweep('met', { a: {}, b: { steps: 7 } }), 'met')
  const write = () => writeReportInThread({ home: place.home, subject: { name: 'met' } }, new AbortController().signal)
  armFailPoints('report.file:2:throw')
  try {
    await assert.rejects(write(), /report\.file was armed to throw/)
    await write()
  } finally {
    armFailPoints(undefined)
  }
})
