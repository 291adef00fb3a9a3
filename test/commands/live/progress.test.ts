import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interval, ProgressLines } from '../../../commands/live/progress-lines.js'
import { progressTable } from '../../../commands/live/progress-table.js'
import type { ExperimentView, RunView } from '../../../commands/runs/run-view.js'
import type { Alarm } from '../../../pipelines/evaluation/alarms.js'
import { textWidth } from '../../../pipelines/text/width.js'

const experiment = (arm: string, parts: Partial<ExperimentView> = {}): ExperimentView => ({
  id: `exam/${arm}/seed-1`,
  arm,
  seed: 1,
  stage: 'train',
  state: 'running',
  step: 40,
  steps: 100,
  reward: 0.8125,
  hAcc: 0.612,
  expectedHAcc: 0.587,
  tokensPerSecond: 3124,
  secondsLeft: 41,
  ...parts,
})

const waiting = (arm: string): ExperimentView => {
  return { id: arm, arm, seed: 1, stage: 'prepare', state: 'waiting', step: 0, steps: 100 }
}

const sweep = (experiments: ExperimentView[], parts: Partial<RunView> = {}): RunView => ({
  name: 'exam',
  kind: 'sweep',
  state: 'running',
  startedAt: 0,
  secondsLeft: 250,
  experiments,
  pages: {},
  notes: [],
  ...parts,
})

test('the live table has a line an experiment and a summary of the run', () => {
  const lines = progressTable(sweep([experiment('human-aligned'), waiting('uniform')]), { now: 200_000 })
  assert.deepEqual(lines, [
    'experiment            stage      step  reward  H-Acc  expected  tokens/s  left',
    'human-aligned seed 1  train    40/100   0.813   61.2      58.7      3124  41 s',
    'uniform seed 1        waiting   0/100       -      -         -         -',
    'exam: 2 experiments, 1 running, 1 waiting, 3 min 20 s so far, about 4 min 10 s left',
  ])
})

test('no line is wider than the terminal, and no table higher: what moves stays in sight', () => {
  const many = Array.from({ length: 30 }, (_, index) => waiting(`arm-${index}`))
  const view = sweep([...many, experiment('one-that-runs')])
  const lines = progressTable(view, { now: 0, width: 60, height: 12 })
  assert.ok(lines.length <= 12, `${lines.length} lines`)
  assert.ok(lines.every(line => textWidth(line) <= 60))
  assert.ok(lines.some(line => line.startsWith('one-that')))
  assert.ok(lines.some(line => /^\.\.\. and \d+ waiting$/.test(line)))
})

const alarm = (step: number): Alarm => ({
  kind: 'skipped-steps',
  figure: 1,
  limit: 0.9,
  sentence: `${step} of ${step} steps changed nothing.`,
  remedy: 'Do something.',
})

test('an alarm stands below the table, and is a plain line once', () => {
  const at = (step: number) => sweep([experiment('uniform', { alarms: [alarm(step)] }), experiment('healthy')])
  const lines = progressTable(at(20), { now: 0 })
  assert.equal(lines.at(-1), 'ALARM uniform, seed 1: 20 of 20 steps changed nothing. Do something.')
  const plain = new ProgressLines()
  assert.ok(plain.next(at(20), 0).some(line => line.startsWith('ALARM uniform, seed 1: 20 of 20')))
  assert.ok(!plain.next(at(21), interval).some(line => line.startsWith('ALARM')))
})

test('many alarms leave room for the experiments', () => {
  const many = Array.from({ length: 9 }, (_, index) => experiment(`arm-${index}`, { alarms: [alarm(20)] }))
  const lines = progressTable(sweep(many), { now: 0, width: 80, height: 20 })
  assert.equal(lines.filter(line => line.startsWith('ALARM')).length, 4)
  assert.ok(lines.includes('and 5 more alarms: `rlev status exam`'))
  assert.ok(lines.some(line => line.startsWith('arm-8')))
})

test('a failure is one line, whatever it holds', () => {
  const failed = experiment('grpo', { state: 'failed', failure: 'loss is NaN\n\u001b[31mat step 3' })
  const lines = progressTable(sweep([failed]), { now: 0 })
  assert.ok(lines.includes('exam/grpo/seed-1: loss is NaN [31mat step 3'))
})

test('plain lines come when a stage changes and after the interval, not at every look', () => {
  const lines = new ProgressLines()
  const first = lines.next(sweep([experiment('a'), waiting('b')]), 0)
  assert.equal(first.length, 2)
  assert.match(first[0] ?? '', /^a seed 1 {2}train {2}step 40\/100 {2}reward 0\.813 .* 41 s left$/)
  assert.deepEqual(lines.next(sweep([experiment('a', { step: 41 }), waiting('b')]), 1_000), [])
  const changed = lines.next(sweep([experiment('a', { stage: 'evaluate' }), waiting('b')]), 2_000)
  assert.equal(changed.length, 1)
  assert.match(changed[0] ?? '', /^a seed 1 {2}evaluate/)
  assert.equal(lines.next(sweep([experiment('a', { stage: 'evaluate' }), waiting('b')]), interval).length, 2)
})

test('a note is told once for as long as it holds, and again when it comes back', () => {
  const lines = new ProgressLines()
  const down = sweep([waiting('a')], { notes: ['the Temporal server does not answer'] })
  lines.next(sweep([waiting('a')]), 0)
  assert.deepEqual(lines.next(down, 1_000), ['the Temporal server does not answer'])
  assert.deepEqual(lines.next(down, 2_000), [])
  lines.next(sweep([waiting('a')]), 3_000)
  assert.deepEqual(lines.next(down, 4_000), ['the Temporal server does not answer'])
})

test('an evaluation shows how many of its responses are made', () => {
  const evaluating = experiment('one', { stage: 'evaluate', answered: { done: 120, of: 500 } })
  assert.match(progressTable(sweep([evaluating]), { now: 0 }).join('\n'), /evaluate 120\/500/)
})
