/**
 * The report, written as soon as the results are there. If MLflow is down then, the report lacks its link to MLflow and is
 * written again once the link is known.
 */
import { CancellationScope, log, patched } from '@temporalio/workflow'
import { innermostMessage } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { io } from './activity-options.js'
import type { Limits } from './limits.js'
import type { Tracking } from './tracking.js'

export interface ReportWriter {
  /** Gives the path of the report, relative to the home. */
  write(): Promise<string>
  /** Writes the report again if it lacks a link to MLflow that is known by now. */
  addLink(): Promise<void>
  /**
   * The same after the run in MLflow has ended, which may be what made the link known. Never rejects: the report is whole without it.
   * Sweeps of older versions ended without it, by which their histories have to be replayed.
   */
  addLateLink(): Promise<void>
}

/** `summary`: what Temporal's pages show beside the activity. */
export function reportWriter({
  name,
  limits,
  tracking,
  summary,
}: {
  name: string
  limits: () => Limits
  tracking: Tracking
  summary: string
}): ReportWriter {
  let written = false
  let linked = false
  async function write(): Promise<string> {
    const trackingUrl = tracking.url
    linked = trackingUrl !== undefined
    const { path } = await io(limits(), summary).publishReport({ name, ...given({ trackingUrl }) })
    written = true
    return path
  }
  const lacksLink = () => written && !linked && tracking.url !== undefined
  return {
    write,
    async addLink() {
      if (lacksLink()) await write()
    },
    async addLateLink() {
      if (!lacksLink() || !patched('late link of the report')) return
      try {
        await CancellationScope.nonCancellable(write)
      } catch (error) {
        log.warn('the report did not get its link to MLflow', { error: innermostMessage(error) })
      }
    },
  }
}
