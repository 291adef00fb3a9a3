/**
 * The thread that computes and writes reports (report-in-thread.ts). It leaves the event loop of the worker free for heartbeats, without
 * which the server would take the worker for dead and start the report again and again. It writes one report at a time: several would
 * share the processor and need their memory at once. For a while it is kept, because its drawing libraries take half a second to load.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorParts, RlevError } from '../../pipelines/errors.js'
import { type SharedFailPoints, sharedFailPoints } from '../fail-points/fail-point.js'

export interface ReportSubject {
  name: string
  trackingUrl?: string
}

export interface PublishedReport {
  /** Relative to the home. */
  path: string
}

interface Wanted {
  home: string
  subject: ReportSubject
}

/** What the thread is asked. */
export interface ThreadQuestion extends Wanted {
  failPoints: SharedFailPoints | null
}

/** What it answers. */
export type ThreadAnswer = { report: PublishedReport } | { refused: ErrorParts }

/** How long the thread is kept without a report to write. (ms) */
const keptMs = 60_000

interface ReportThread {
  thread: Worker
  /** Ends the wait for the answer to the question that was asked. */
  settle: { resolve: (answer: ThreadAnswer) => void; reject: (error: Error) => void } | null
  /** Ends the thread if it is not asked again. */
  idle: NodeJS.Timeout | undefined
}

let kept: ReportThread | null = null
/** Ends with the newest report. */
let turn: Promise<unknown> = Promise.resolve()

/** `signal`: ends it. */
export function writeReportInThread(wanted: Wanted, signal: AbortSignal): Promise<PublishedReport> {
  const written = turn.then(() => ask(wanted, signal))
  turn = written.catch(() => {})
  return written
}

async function ask(wanted: Wanted, signal: AbortSignal): Promise<PublishedReport> {
  signal.throwIfAborted()
  kept ??= start()
  const asked = kept
  const { thread } = asked
  clearTimeout(asked.idle)
  thread.ref()
  const end = () => void thread.terminate()
  signal.addEventListener('abort', end)
  try {
    const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
      asked.settle = { resolve, reject }
      thread.postMessage({ ...wanted, failPoints: sharedFailPoints() } satisfies ThreadQuestion)
    })
    if ('refused' in answer) throw new RlevError(answer.refused)
    return answer.report
  } finally {
    signal.removeEventListener('abort', end)
    // It does not hold the process.
    thread.unref()
    asked.idle = setTimeout(end, keptMs).unref()
  }
}

function start(): ReportThread {
  const thread = new Worker(new URL('./report-in-thread.js', import.meta.url))
  const started: ReportThread = { thread, settle: null, idle: undefined }
  const lost = (error: Error) => {
    if (kept === started) kept = null
    started.settle?.reject(error)
  }
  thread.on('message', answer => started.settle?.resolve(answer))
  thread.on('error', lost)
  thread.on('exit', code => lost(new Error(`the thread of the report ended with ${code}`)))
  return started
}
