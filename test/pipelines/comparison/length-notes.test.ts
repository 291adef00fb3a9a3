import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArmComparison } from '../../../pipelines/comparison/comparison.js'
import { lengthNotes } from '../../../pipelines/comparison/length-notes.js'
import type { FinishedOutcome } from '../../../pipelines/comparison/outcome.js'

const arms = ['correctness', 'human-aligned'].map(arm => ({ arm }) as ArmComparison)
const run = (arm: string, seed: number, step: number, early: boolean) =>
  ({
    outcome: {
      arm,
      seed,
      ...(early ? { stopped: { step, metric: 'acc', best: { step: 0, value: 0 }, evaluations: 3 } } : {}),
    },
    final: { step },
  }) as unknown as FinishedOutcome

test('arms of different lengths are told with their steps and what the comparison is then of', () => {
  const [note, ...others] = lengthNotes(arms, [
    run('correctness', 1, 100, false),
    run('correctness', 2, 100, false),
    run('human-aligned', 1, 40, true),
    run('human-aligned', 2, 80, true),
  ])
  assert.equal(
    note,
    'Runs have different lengths, because evaluation.earlyStop ended some: steps of correctness 100 (0 of 2 ended early), human-aligned 40 to 80 (2 of 2 ended early). A mean over the curve is over the evaluations that a run has, and the end of a run is where it ended; a difference between arms is also one of length.',
  )
  assert.deepEqual(others, [])
})

test('equal lengths are told as such, and nothing where no run ended early', () => {
  const [same] = lengthNotes(arms, [run('correctness', 1, 40, true), run('human-aligned', 1, 40, true)])
  assert.match(same ?? '', /^All runs have the same length, although /)
  assert.deepEqual(lengthNotes(arms, [run('correctness', 1, 100, false), run('human-aligned', 1, 60, false)]), [])
})
