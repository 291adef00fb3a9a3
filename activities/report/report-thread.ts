/**
 * The report of a large sweep takes a minute of computing. In a thread it keeps the worker's heartbeats free, without which the server
 * would take the worker for dead, and start the report again and again.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorParts, RlevError } from '../../pipelines/errors.js'

export interface ReportSubject {
  name: string
  trackingUrl?: string
}

export interface PublishedReport {
  /** Relative to the home. */
  path: string
}

/** What the thread is given. */
export interface ThreadData {
  home: string
  subject: ReportSubject
}

/** What it says. */
export type ThreadAnswer = { report: PublishedReport } | { refused: ErrorParts }

/** `signal`: ends it. */
export async function writeReportInThread(data: ThreadData, signal: AbortSignal): Promise<PublishedReport> {
  const thread = new Worker(new URL('./report-in-thread.js', import.meta.url), { workerData: data })
  const end = () => void thread.terminate()
  signal.addEventListener('abort', end)
  try {
    const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.once('exit', code => reject(new Error(`the thread of the report ended with ${code}`)))
    })
    if ('refused' in answer) throw new RlevError(answer.refused)
    return answer.report
  } finally {
    signal.removeEventListener('abort', end)
    await thread.terminate()
  }
}
