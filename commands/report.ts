/** `rlev report NAME`: writes the HTML report of a run as it stands now, and prints its path. */

import { join } from 'node:path'
import { writeReport } from '../activities/report/write-report.js'
import { workplace } from '../activities/workplace.js'
import { given } from '../pipelines/given.js'
import { pushRun } from './runs/shared-home.js'
import { lookAt } from './runs/with-run.js'
import { openHome } from './services/home.js'

export async function report({ home: path, name }: { home?: string | undefined; name: string }): Promise<void> {
  const home = openHome(path)
  const { pages } = await lookAt(home, name)
  const written = writeReport(workplace(home.path), {
    name,
    ...given({ trackingUrl: pages.mlflow }),
  })
  await pushRun(home.path, name)
  console.log(join(home.path, written.path))
}
