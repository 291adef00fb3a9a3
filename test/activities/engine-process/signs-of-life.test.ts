import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignsOfLife } from '../../../activities/engine-process/signs-of-life.js'

/** A process whose clock and processor time the test sets. */
function watched() {
  const state = { now: 0, processorMs: 0 }
  const life = new SignsOfLife({ pid: 1, now: () => state.now, facts: () => ({ processorMs: state.processorMs }) })
  return { state, life }
}

test('a process that computes without a word is alive', () => {
  const { state, life } = watched()
  for (let second = 1; second <= 300; second++) {
    state.now += 1000
    // On a machine that is busy with others it gets a tenth of a processor.
    state.processorMs += 100
    assert.ok(life.silentMs() <= 5_000)
  }
})

test('a process that speaks is alive, even if it waits for something in between', () => {
  const { state, life } = watched()
  state.now = 50_000
  life.heard()
  state.now = 60_000
  assert.equal(life.silentMs(), 10_000)
})

test('the timers of an idle process are no sign of life', () => {
  const { state, life } = watched()
  for (let second = 1; second <= 90; second++) {
    state.now += 1000
    state.processorMs += 5
    life.silentMs()
  }
  assert.equal(life.silentMs(), 90_000)
})

test('a process of which the system says nothing is silent', () => {
  const life = new SignsOfLife({ pid: 1, now: () => 1000, facts: () => null })
  assert.equal(life.silentMs(), 0)
})
