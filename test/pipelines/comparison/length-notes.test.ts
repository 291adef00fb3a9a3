import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import type { ArmComparison } from '../../../pipelines/comparison/comparison.js'
import { lengthNotes } from '../../../pipelines/comparison/length-notes.js'
import type { ExperimentOutcome, FinishedOutcome } from '../../../pipelines/comparison/outcome.js'
import { constructedSweep } from './constructed.js'

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

test('with dynamic sampling, the pairs are said to share their prompts but for those that were replaced', () => {
  const { plan, outcomes } = constructedSweep([1, 2])
  const pairedNote = (of: readonly ExperimentOutcome[]) =>
    compareArms({ plan, outcomes: of }).notes.find(note => note.includes('paired by seed')) ?? ''
  assert.match(pairedNote(outcomes), /same data, warm start, prompts and evaluation samples\./)
  const dynamic = outcomes.map(outcome => {
    const { rollout, ...config } = outcome.config
    return { ...outcome, config: { ...config, rollout: { ...rollout, dynamicSampling: { rounds: 2 } } } }
  })
  assert.match(pairedNote(dynamic), /Prompts are the same but for those that dynamic sampling replaced\./)
})
