import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkpointDue, checkpointSteps, evaluationDue, evaluationSteps } from '../../pipelines/config/due-steps.js'
import { rolloutPiece } from '../../pipelines/config/rollout-piece.js'
import { type ExperimentConfig, experimentSchema } from '../../pipelines/config/schema.js'
import { isElsewhere, nextBoundary, stagesAreSeparate } from '../../workflows/segments.js'
import { tinyConfig } from './tiny.js'

const cutting = fc.record({
  steps: fc.integer({ min: 1, max: 60 }),
  every: fc.integer({ min: 1, max: 25 }),
  everySteps: fc.integer({ min: 1, max: 25 }),
  stepsPerActivity: fc.integer({ min: 1, max: 25 }),
})

describe('a step', () => {
  const at = (durability: object, rest: object = {}) =>
    stagesAreSeparate(experimentSchema.parse({ name: 'a', data: { source: 'synthetic' }, durability, ...rest }))
  it('is an activity of its stages each where the config says so, or verdicts are waited for', () => {
    assert.equal(at({ stepsPerActivity: 1 }), false)
    assert.equal(at({ stepsPerActivity: 1, separateStages: true }), true)
    assert.equal(at({ stepsPerActivity: 2 }), false)
    assert.equal(at({ stepsPerActivity: 1 }, { reward: { verifier: 'math' } }), true)
    const judge = { url: 'http://127.0.0.1:9/v1', model: 'm' }
    assert.equal(at({ stepsPerActivity: 1 }, { judge }), true)
    assert.equal(at({ stepsPerActivity: 1 }, { judge: { ...judge, decides: 'evaluation' } }), false)
  })

  it('of an older history, whose config does not say, has separate stages', () => {
    const config = experimentSchema.parse({
      name: 'a',
      data: { source: 'synthetic' },
      durability: { stepsPerActivity: 1 },
    })
    const { separateStages: _unsaid, ...durability } = config.durability
    assert.equal(stagesAreSeparate({ ...config, durability } as ExperimentConfig), true)
  })
})

describe('a rollout in pieces', () => {
  const config = tinyConfig('divided', {
    steps: 9,
    rollout: { prompts: 4, piece: 2 },
    update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } },
    durability: { stepsPerActivity: 3 },
  })
  it('makes each step a separate run, whose stages are separate where those of one step an activity are', () => {
    assert.deepEqual(
      [0, 1, 4].map(step => nextBoundary(step, config)),
      [1, 2, 5],
    )
    assert.equal(stagesAreSeparate(config), false)
    assert.equal(stagesAreSeparate({ ...config, reward: { ...config.reward, verifier: 'math' } }), true)
  })

  it('is made where workers can divide it, and nowhere else', () => {
    const { rollout, update } = config
    assert.equal(rolloutPiece(config), 2)
    assert.equal(rolloutPiece({ ...config, update: { ...update, adapter: null } }), null)
    assert.equal(rolloutPiece({ ...config, rollout: { ...rollout, piece: 4 } }), null)
    assert.equal(rolloutPiece({ ...config, rollout: { ...rollout, dynamicSampling: { rounds: 1 } } }), null)
    const engine = { kind: 'tinker', url: 'http://localhost', baseModel: 'a' } as ExperimentConfig['engine']
    assert.equal(rolloutPiece({ ...config, engine }), null)
    assert.equal(nextBoundary(0, { ...config, update: { ...update, adapter: null } }), 3)
  })
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
          if (evaluationDue(step, config) || checkpointDue(step, config)) assert.ok(ends.includes(step), `${step}`)
        }
        assert.equal(ends.at(-1), steps)
      }),
    )
  })
})

describe('other workers', () => {
  it('can have the policy of a step that has a checkpoint, and of the start; that of a server they leave to one', () => {
    const config = tinyConfig('elsewhere', { steps: 5, checkpoint: { everySteps: 4 } })
    const steps = [0, 1, 2, 3, 4, 5]
    assert.deepEqual(
      steps.filter(step => isElsewhere(step, config)),
      [0, 4, 5],
    )
    const engine = { kind: 'tinker', url: 'http://localhost', baseModel: 'a' } as ExperimentConfig['engine']
    assert.deepEqual(
      steps.filter(step => isElsewhere(step, { ...config, engine })),
      [],
    )
  })
})

describe('the steps that are due', () => {
  const config = (steps: number) =>
    tinyConfig('due', { steps, evaluation: { every: 3 }, checkpoint: { everySteps: 2 } })

  it('are the multiples and the last; an evaluation comes before training too', () => {
    assert.deepEqual(evaluationSteps(config(7)), [0, 3, 6, 7])
    assert.deepEqual(checkpointSteps(config(7)), [2, 4, 6, 7])
    assert.deepEqual(evaluationSteps(config(6)), [0, 3, 6])
    assert.deepEqual(checkpointSteps(config(6)), [2, 4, 6])
  })

  it('of a run without training are one evaluation and no checkpoint', () => {
    assert.deepEqual(evaluationSteps(config(0)), [0])
    assert.deepEqual(checkpointSteps(config(0)), [])
  })
})
