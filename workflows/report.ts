/**
 * The report, written as soon as the results are there. If MLflow is down then, the report lacks its link to MLflow and is
 * written again once the link is known.
 */
import { given } from '../pipelines/given.js'
import { io } from './activity-options.js'
import type { Limits } from './limits.js'
import type { Tracking } from './tracking.js'

export interface ReportWriter {
  /** Gives the path of the report, relative to the home. */
  write(): Promise<string>
  /** Writes the report again if it lacks a link to MLflow that is known by now. */
  addLink(): Promise<void>
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
  let linked = false
  async function write(): Promise<string> {
    const trackingUrl = tracking.url
    linked = trackingUrl !== undefined
    const { path } = await io(limits(), summary).publishReport({ name, ...given({ trackingUrl }) })
    return path
  }
  return {
    write,
    async addLink() {
      if (!linked && tracking.url !== undefined) await write()
    },
  }
}
