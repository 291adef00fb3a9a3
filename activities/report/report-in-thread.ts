/** The thread that writes reports, one after the other (report-thread.ts). */
import { parentPort } from 'node:worker_threads'
import { RlevError } from '../../pipelines/errors.js'
import { joinFailPoints } from '../fail-points/fail-point.js'
import { workplace } from '../workplace.js'
import type { ThreadAnswer, ThreadQuestion } from './report-thread.js'
import { writeReport } from './write-report.js'

parentPort?.on('message', (question: ThreadQuestion) => parentPort?.postMessage(answerTo(question)))

function answerTo({ home, subject, failPoints }: ThreadQuestion): ThreadAnswer {
  joinFailPoints(failPoints)
  try {
    return { report: writeReport(workplace(home), subject) }
  } catch (error) {
    if (!(error instanceof RlevError)) throw error
    // A cause may be something that cannot be sent.
    const { cause: _cause, ...refused } = error.parts
    return { refused }
  }
}
