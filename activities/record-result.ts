/** Last stage of an experiment: how it ended, kept with its files. */
import { failPoint } from './clients/fail-point.js'
import { writeWhole } from './clients/files.js'
import { experimentPaths, runFolder } from './clients/run-folder.js'
import type { StoredResult } from './clients/runs.js'
import { seal } from './clients/sealed.js'
import { lightStage } from './light-stage.js'
import type { Workplace } from './workplace.js'

export function recordResult({ home }: Workplace) {
  return lightStage(async ({ run, ...result }: StoredResult & { run: string }): Promise<void> => {
    failPoint('result.before')
    writeWhole(experimentPaths.result(runFolder(home, run)), seal(result))
    failPoint('result.after')
  })
}
