/** Last stage of an experiment: how it ended, kept with its files. */
import { failPoint } from './fail-points/fail-point.js'
import { stage } from './stage.js'
import { writeWhole } from './store/files.js'
import { experimentPaths, runFolder } from './store/runs/run-folder.js'
import type { StoredResult } from './store/runs/runs.js'
import { seal } from './store/sealed.js'
import { GrowingTally } from './store/step-tallies.js'
import { weightsAreUnchanged } from './store/unchanged-weights.js'
import type { Workplace } from './workplace.js'

export function recordResult({ home }: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run, ...result }: Omit<StoredResult, 'tally' | 'unchanged'> & { run: string }): Promise<void> => {
      failPoint('result.before')
      const folder = runFolder(home, run)
      const tally = new GrowingTally(folder).grown().toJSON()
      const { state, step } = result
      const unchanged = state === 'done' && step > 0 && (await weightsAreUnchanged(home, { id: run, step }))
      writeWhole(experimentPaths.result(folder), seal({ ...result, tally, ...(unchanged ? { unchanged } : {}) }))
      failPoint('result.after')
    },
  })
}
