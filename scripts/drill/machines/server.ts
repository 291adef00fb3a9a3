/** A server of machine a: how it is started, and when it is of use. */
import type { ProcessRecord } from '../../../activities/machine/services-record.js'

export interface Server {
  name: string
  /** Name of the server that it needs. */
  after?: string
  /** Made before its first start. */
  before?: () => Promise<void>
  call: () => { command: readonly string[]; env: NodeJS.ProcessEnv }
  ready: (record: ProcessRecord) => Promise<void>
}
