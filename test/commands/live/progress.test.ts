import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interval, ProgressLines } from '../../../commands/live/progress-lines.js'
import { progressTable } from '../../../commands/live/progress-table.js'
import { type Selection, select } from '../../../commands/live/selection.js'
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

const numbered = (state: ExperimentView['state'], count: number, parts: Partial<ExperimentView> = {}) =>
  Array.from({ length: count }, (_, index) => experiment(`${state}-${index}`, { state, ...parts }))

test('a run of thousands shows its counts on top, then what failed, and says how many are left out', () => {
  const failure = 'the loss is not finite'
  const many = [...numbered('done', 4000), ...numbered('waiting', 985), ...numbered('failed', 15, { failure })]
  const lines = progressTable(sweep(many), { now: 200_000 })
  assert.match(lines[0] ?? '', /^exam: 5000 experiments, 4000 done, 15 failed, 985 waiting/)
  assert.deepEqual(
    lines.slice(3, 18).map(line => line.split(/ +/)[3]),
    Array.from({ length: 15 }, () => 'failed'),
  )
  assert.ok(lines.includes('... and 3965 done, 985 waiting: --arm, --state and --limit show others'))
  assert.ok(lines.includes('and 5 more failures: `rlev status exam --state failed --json`'))
  assert.ok(lines.length < 80, `${lines.length} lines`)
})

test('a selection by arm, state and number is what is shown', () => {
  const many = [...numbered('done', 60), ...numbered('failed', 3)]
  const rows = (selection: Selection) => select({ experiments: many }, selection).shown.map(({ arm }) => arm)
  assert.deepEqual(rows({ state: 'failed' }), ['failed-0', 'failed-1', 'failed-2'])
  assert.deepEqual(rows({ arm: 'done-7' }), ['done-7'])
  assert.deepEqual(rows({ limit: 4 }), ['failed-0', 'failed-1', 'failed-2', 'done-0'])
  assert.deepEqual(rows({ arm: 'done-7', state: 'failed' }), [])
  const none = progressTable(sweep(many), { now: 0, selection: { arm: 'done-7', state: 'failed' } })
  assert.equal(none[2], 'no experiment is like that')
})

test('plain lines of a run of thousands begin with those that failed, and no more than fit', () => {
  const lines = new ProgressLines().next(sweep([...numbered('done', 4000), ...numbered('failed', 2)]), 0)
  assert.match(lines[0] ?? '', /^failed-0/)
  assert.ok(lines.length < 60, `${lines.length} lines`)
  assert.ok(lines.includes('and 3952 other experiments, as `rlev status exam` shows'))
})
