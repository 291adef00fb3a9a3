/** Last stage of an experiment: how it ended, kept with its files. */
import { failPoint } from './fail-points/fail-point.js'
import { stage } from './stage.js'
import { writeWhole } from './store/files.js'
import { experimentPaths, runFolder } from './store/run-folder.js'
import type { StoredResult } from './store/runs.js'
import { seal } from './store/sealed.js'
import type { Workplace } from './workplace.js'

export function recordResult({ home }: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run, ...result }: StoredResult & { run: string }): Promise<void> => {
      failPoint('result.before')
      writeWhole(experimentPaths.result(runFolder(home, run)), seal(result))
      failPoint('result.after')
    },
  })
}
