import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { plannedWork } from '../../../commands/live/planned-work.js'
import { freezePlan } from '../../../commands/runs/frozen-plan.js'
import { experimentPlan, sweepPlan } from '../plans.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-work-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('each experiment of a sweep has its training, and its warm start in common with the other arms', async () => {
  freezePlan(home, sweepPlan('exam'), 'exam.yaml')
  const work = [...((await plannedWork(home, 'exam')) ?? [])]
  assert.equal(work.length, 6)
  assert.ok(work.every(([, { training }]) => training > 0))
  assert.equal(new Set(work.flatMap(([, { shared }]) => shared.map(({ key }) => key))).size, 1)
})

test('where the data is not on this machine there is no planned work, and no error', async () => {
  const train = join(home, 'train.jsonl')
  freezePlan(home, experimentPlan('one', { data: { source: 'file', train, testShare: 0.5 } }), 'one.yaml')
  assert.equal(await plannedWork(home, 'one'), undefined)
  const rows = ['a', 'b'].map(exam => JSON.stringify({ prompt: '1+1', answer: '2', points: 5, total: 100, exam }))
  writeFileSync(train, `${rows.join('\n')}\n`)
  assert.equal((await plannedWork(home, 'one'))?.size, 1)
})
