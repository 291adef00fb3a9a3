import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { evaluationDue, nextBoundary } from '../../workflows/segments.js'
import { tinyConfig } from './tiny.js'

const cutting = fc.record({
  steps: fc.integer({ min: 1, max: 60 }),
  every: fc.integer({ min: 1, max: 25 }),
  everySteps: fc.integer({ min: 1, max: 25 }),
  stepsPerActivity: fc.integer({ min: 1, max: 25 }),
})

describe('runs of steps', () => {
  it('cover every step once and stop at each evaluation, each checkpoint and the end', () => {
    fc.assert(
      fc.property(cutting, ({ steps, every, everySteps, stepsPerActivity }) => {
        const config = tinyConfig('cut', {
          steps,
          evaluation: { every },
          checkpoint: { everySteps },
          durability: { stepsPerActivity },
        })
        const ends: number[] = []
        for (let step = 0; step < steps; step = ends.at(-1) as number) {
          const end = nextBoundary(step, config)
          assert.ok(end > step && end - step <= stepsPerActivity && end <= steps)
          ends.push(end)
        }
        for (let step = 1; step <= steps; step++) {
          if (evaluationDue(step, config) || step % everySteps === 0) assert.ok(ends.includes(step), `${step}`)
        }
        assert.equal(ends.at(-1), steps)
      }),
    )
  })
})
