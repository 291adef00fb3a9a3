/** Stage: the comparison and the report of a run, in a thread, whatever its size: on a busy machine a small one takes seconds too. */
import { Context } from '@temporalio/activity'
import { stage } from '../stage.js'
import type { Workplace } from '../workplace.js'
import { type PublishedReport, type ReportSubject, writeReportInThread } from './report-thread.js'

export function publishReport({ home }: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: (subject: ReportSubject): Promise<PublishedReport> =>
      writeReportInThread({ home, subject }, Context.current().cancellationSignal),
  })
}
