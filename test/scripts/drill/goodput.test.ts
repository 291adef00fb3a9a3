/** What one kill cost, from the log of the worker that came after. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lengthOf, recoveryOf } from '../../../scripts/drill/figures/goodput.js'
import type { WorkerLogEntry } from '../../../scripts/drill/left-behind.js'

const start = Date.parse('2026-11-24T12:00:00Z')
const at = (seconds: number) => start + seconds * 1000
const entry = (seconds: number, message: string, parts: Partial<WorkerLogEntry> = {}): WorkerLogEntry => ({
  time: new Date(at(seconds)).toISOString(),
  message,
  run: 'r',
  ...parts,
})

/** Killed at 10 s, 0.4 s after the last thing was kept; up at 13, task at 16, loaded at 17, replayed until 19.5. */
const kill = { at: at(10), readyAt: at(13), keptAt: at(9.6) }
const log = [
  entry(9, 'sampling', { step: 7 }),
  entry(17, 'policy loaded', { step: 5, seconds: 1 }),
  entry(18, 'step replayed', { step: 6, seconds: 1 }),
  entry(19.5, 'step replayed', { step: 7, seconds: 1.5 }),
  entry(19.5, 'sampling', { step: 8 }),
]
const rounded = (recovery: ReturnType<typeof recoveryOf>) =>
  Object.fromEntries(
    Object.entries(recovery).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toFixed(3)) : value,
    ]),
  )

describe('a recovery', () => {
  it('is split into what was waited for', () => {
    const recovery = recoveryOf({ ...kill, until: at(60), log })
    assert.deepEqual(rounded(recovery), { restart: 3, detect: 3, load: 1, replay: 2.5, redo: 0.4, whole: true })
    assert.ok(Math.abs(lengthOf(recovery) - 9.9) < 1e-9)
  })

  it('has no wait for detection where the restart took longer', () => {
    const slow = recoveryOf({ ...kill, readyAt: at(16.2), until: at(60), log })
    assert.deepEqual(rounded(slow), { restart: 6.2, detect: 0, load: 0.8, replay: 2.5, redo: 0.4, whole: true })
  })

  it('that the next kill breaks off is counted as far as it came, and is not whole', () => {
    const inReplay = recoveryOf({ ...kill, until: at(18.5), log })
    assert.deepEqual(rounded(inReplay), { restart: 3, detect: 3, load: 1, replay: 1, redo: 0.4, whole: false })
    const inStart = recoveryOf({ ...kill, until: at(12), log })
    assert.deepEqual(rounded(inStart), { restart: 2, detect: 0, load: 0, replay: 0, redo: 0.4, whole: false })
    const inRedo = recoveryOf({ ...kill, until: at(19.7), log })
    assert.equal(inRedo.whole, false)
  })
})
