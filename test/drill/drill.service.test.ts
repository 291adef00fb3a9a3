/** The short drills, on real services: every fail point once, ten random kills, a worker that stops and wakes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failPointNames } from '../../activities/clients/fail-points.js'
import type { Drill } from '../../scripts/drill/drill.js'
import * as failPoints from '../../scripts/drill/fail-points.js'
import * as kills from '../../scripts/drill/kills.js'
import type { DrillResult } from '../../scripts/drill/result.js'
import * as stoppedWorker from '../../scripts/drill/stopped-worker.js'

async function short(run: Drill, t: { diagnostic(line: string): void }): Promise<DrillResult> {
  const lines: string[] = []
  const result = await run({ seed: 1, kills: 10, short: true, say: line => lines.push(line) })
  for (const line of lines) t.diagnostic(line)
  assert.deepEqual(result.failures, [])
  assert.equal(result.passed, true)
  return result
}

describe('the same weights, optimizer and histories as undisturbed', () => {
  it('after a kill at every fail point', async t => {
    const { cases } = await short(failPoints.run, t)
    assert.equal(cases, failPointNames.length)
  })

  it('after ten random kills of servers and workers under a sweep', async t => {
    const { cases } = await short(kills.run, t)
    assert.equal(cases, 10)
  })

  it('after a worker stopped and was replaced; what wakes commits nothing', async t => {
    const { cases } = await short(stoppedWorker.run, t)
    assert.equal(cases, 1)
  })
})
