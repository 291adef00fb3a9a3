/** An early stop on a real Temporal server, a real MLflow and real workers: complete at its step, with its bits, and again the same. */
import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { readOutcomes } from '../../activities/store/runs/outcomes.js'
import { experimentPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { readEvaluations, readPlan, readResult } from '../../activities/store/runs/runs.js'
import { storedExperiments } from '../../commands/runs/stored-experiments.js'
import { examineRun } from '../../commands/verify/examine.js'
import { compareArms } from '../../pipelines/comparison/compare-arms.js'
import { transferSet } from '../../pipelines/config/sections/data.js'
import { TestServices } from '../services.js'
import { AtWork } from './at-work.js'
import { tinyConfig } from './tiny.js'

let services: TestServices
let work: AtWork
before(async () => {
  services = await TestServices.start({ temporal: true, mlflow: true })
  await Promise.all([services.startWorker('orchestrator'), services.startWorker('policy')])
  work = new AtWork(services)
})
after(() => services?.stop())

const shape = { engine: { mode: 'eager' }, evaluation: { every: 2, samples: 1 } } as const
/** No metric rises by 100 points. */
const early = tinyConfig('early', {
  ...shape,
  steps: 8,
  evaluation: {
    ...shape.evaluation,
    earlyStop: { metric: 'h-acc', patience: 2, minChange: 100 },
    transfer: { far: transferSet.parse({ exam: 'v7', testItemsPerSection: 4 }) },
  },
  checkpoint: { everySteps: 8 },
})

describe('an early stop', () => {
  it('ends the run complete, with the weights, evaluations and points of a run of so many steps', async () => {
    const whole = await work.run(tinyConfig('four-steps', { ...shape, steps: 4 }))
    const result = await work.run(early)
    assert.equal(result.step, 4)
    assert.equal(result.weights, whole.weights)
    assert.match(
      result.stoppedEarly ?? '',
      /^ended early at step 4 of 8: h-acc did not rise above \S+ \(step 0\) in 2 evaluations$/,
    )

    const stored = readResult(services.path, 'early')
    assert.deepEqual(
      [stored?.state, stored?.step, stored?.weights, stored?.stopped?.step],
      ['done', 4, whole.weights, 4],
    )
    const evaluations = readEvaluations(services.path, 'early').map(({ evaluation }) => evaluation)
    assert.deepEqual(
      evaluations.map(({ step }) => step),
      [0, 2, 4],
    )
    assert.ok(
      evaluations.every(({ transfer }) => transfer?.length === 1),
      'any of them may be the last',
    )
    const checkpoints = experimentPaths.checkpoints(runFolder(services.path, 'early'))
    assert.deepEqual(readdirSync(checkpoints).sort(), ['step-000002', 'step-000004'])

    const [tracked] = await work.trackedRuns('early')
    assert.equal(tracked?.info.status, 'FINISHED')
    assert.equal((await work.mlflow.getMetricHistory(tracked?.info.run_id ?? '', 'final/h_acc')).length, 1)
  })

  it('is told by status and compare, and verify misses nothing', async () => {
    const [view] = storedExperiments(services.path, readPlan(services.path, 'early'))
    assert.deepEqual([view?.state, view?.step, view?.steps], ['done', 4, 8])
    assert.match(view?.stoppedEarly ?? '', /^ended early at step 4 of 8/)
    const { notes } = compareArms({
      plan: readPlan(services.path, 'early'),
      outcomes: readOutcomes(services.path, 'early'),
    })
    assert.ok(
      notes.some(note => note.includes('early 4 (1 of 1 ended early)')),
      notes.join('\n'),
    )
    assert.deepEqual((await examineRun(services.path, 'early')).findings, [])
  })

  it('comes again at the same step, from what is there, and from what has to be made again', async () => {
    const folder = runFolder(services.path, 'early')
    const before = readResult(services.path, 'early')
    assert.equal((await work.run(early)).weights, before?.weights)
    assert.deepEqual(readResult(services.path, 'early'), before)
    // Its last evaluation and checkpoint are lost: both are made again, and end it again.
    rmSync(experimentPaths.evaluation(folder, 4))
    rmSync(experimentPaths.checkpoints(folder), { recursive: true })
    const again = await work.run(early)
    assert.deepEqual([again.step, again.weights], [4, before?.weights])
    assert.deepEqual(readResult(services.path, 'early'), before)
  })
})
