import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writeWhole } from '../../../activities/store/files.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { keepConfig, type StoredResult } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { lookAtRun } from '../../../commands/runs/run-status.js'
import type { StepMetrics } from '../../../pipelines/training/step-metrics.js'
import { experimentConfig, experimentPlan, sweepPlan } from '../plans.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-look-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function write(id: string, files: { result?: StoredResult; metrics?: StepMetrics }): void {
  const folder = runFolder(home, id)
  if (files.result !== undefined) writeWhole(experimentPaths.result(folder), seal(files.result))
  if (files.metrics !== undefined) writeWhole(experimentPaths.metrics(folder, files.metrics.step), seal(files.metrics))
}

test('without a server the store alone says what is done, what failed and what waits', async () => {
  const plan = sweepPlan('exam')
  freezePlan(home, plan, 'exam.yaml')
  write('exam/correctness/seed-1', { result: { state: 'done', step: 100, weights: 'ab'.repeat(32) } })
  write('exam/human-aligned/seed-1', { result: { state: 'failed', step: 7, failure: 'the loss is not finite' } })
  keepConfig(home, 'exam/correctness/seed-2', { ...experimentConfig('exam'), seed: 2 })
  write('exam/correctness/seed-2', { metrics: { step: 12, time: 0, values: { 'reward/mean': 0.5 } } })

  const view = await lookAtRun({ path: home }, 'exam')
  const told = view.experiments.map(({ id, state, step }) => [id, state, step])
  assert.deepEqual(told, [
    ['exam/correctness/seed-1', 'done', 100],
    ['exam/correctness/seed-2', 'waiting', 12],
    ['exam/correctness/seed-3', 'waiting', 0],
    ['exam/human-aligned/seed-1', 'failed', 0],
    ['exam/human-aligned/seed-2', 'waiting', 0],
    ['exam/human-aligned/seed-3', 'waiting', 0],
  ])
  assert.equal(view.experiments[0]?.weights, 'ab'.repeat(32))
  assert.equal(view.experiments[1]?.reward, 0.5)
  assert.equal(view.experiments[3]?.failure, 'the loss is not finite')
  assert.equal(view.state, 'waiting')
  assert.match(view.notes.join('\n'), /does not answer: the work waits\. `rlev up`/)
})

test('of a run that has not begun, a server elsewhere that does not answer leaves open whether it was started', async () => {
  freezePlan(home, experimentPlan('new'), 'new.yaml')
  process.env['TEMPORAL_ADDRESS'] = 'temporal.example:7233'
  try {
    const { notes } = await lookAtRun({ path: home }, 'new')
    assert.match(notes.join('\n'), /\(temporal\.example:7233\) does not answer: .* whether it was started is not known/)
    assert.doesNotMatch(notes.join('\n'), /rlev up/)
  } finally {
    delete process.env['TEMPORAL_ADDRESS']
  }
})

test('a single experiment that is done carries its weights at the top, and nothing is missing from it', async () => {
  freezePlan(home, experimentPlan('one'), 'one.yaml')
  write('one', { result: { state: 'done', step: 100, weights: 'cd'.repeat(32) } })
  const view = await lookAtRun({ path: home }, 'one')
  assert.equal(view.state, 'done')
  assert.equal(view.weights, 'cd'.repeat(32))
  assert.deepEqual(view.notes, [])
})
