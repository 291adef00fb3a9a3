/** The thread that writes the report of a large sweep (report-thread.ts). */
import { parentPort, workerData } from 'node:worker_threads'
import { RlevError } from '../../pipelines/errors.js'
import { workplace } from '../workplace.js'
import { writeReport } from './publish-report.js'
import type { ThreadAnswer, ThreadData } from './report-thread.js'

const { home, subject } = workerData as ThreadData
parentPort?.postMessage(answer())

function answer(): ThreadAnswer {
  try {
    return { report: writeReport(workplace(home), subject) }
  } catch (error) {
    if (!(error instanceof RlevError)) throw error
    // A cause may be something that cannot be sent.
    const { cause: _cause, ...refused } = error.parts
    return { refused }
  }
}
