import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExperimentView } from '../../../commands/runs/run-view.js'
import { trackingFailureOf, waitingNote } from '../../../commands/runs/tracking-notes.js'

const now = 1_700_000_100_000

const trained = (arm: string, since?: number): ExperimentView => ({
  id: `exam/${arm}/seed-1`,
  arm,
  seed: 1,
  stage: 'report',
  state: 'running',
  step: 100,
  steps: 100,
  ...(since === undefined ? {} : { onlyTrackingSince: since }),
})

test('one that waits only for MLflow says so, but not while it merely sends its last points', () => {
  const note = (since?: number) =>
    waitingNote('experiment', { experiments: [trained('one', since)], since: undefined, now }).join('\n')
  assert.equal(note(), '')
  assert.equal(note(now - 2_000), '')
  assert.match(note(now - 20_000), /^Training is done\. Since .* only MLflow is waited for/)
})

test('a sweep counts those that wait, and says when there is nothing else', () => {
  const experiments = [trained('a', now - 20_000), trained('b')]
  const note = (since?: number) => waitingNote('sweep', { experiments, since, now }).join('\n')
  assert.match(note(), /^1 of 2 experiments are trained and wait only for MLflow/)
  assert.match(note(now - 20_000), /^Every experiment has ended, and the report is made/)
})

test('a run that is over lacks tracking where it or one of its experiments says so', () => {
  const single = { run: 'one', step: 1, weights: '', acc: 0, hAcc: 0, expectedHAcc: 0 }
  const { id: _id, ...told } = trained('a')
  const progress = { name: 'exam', ...told, state: 'done' as const, stage: 'done' as const }
  const sweep = { name: 'exam', experiments: [progress, { ...progress, trackingFailure: 'refused' }] }
  assert.equal(trackingFailureOf(null), undefined)
  assert.equal(trackingFailureOf({ state: 'completed', result: single }), undefined)
  assert.equal(trackingFailureOf({ state: 'completed', result: { ...single, trackingFailure: 'late' } }), 'late')
  assert.equal(trackingFailureOf({ state: 'completed', result: sweep }), 'refused')
  assert.equal(trackingFailureOf({ state: 'failed', failure: 'x' }), undefined)
})
