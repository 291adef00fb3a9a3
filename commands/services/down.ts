/** Ends the services of a home: exactly the processes that `up` recorded, whole or half started, and nothing else. */

import { existsSync } from 'node:fs'
import { type ProcessName, readRecord, writeRecord } from '../../activities/machine/services-record.js'
import type { Home } from './home.js'
import { withLock } from './lock.js'
import { endProcess } from './processes.js'
import { lockFile, lockTimeoutMs } from './up.js'

export interface Ended {
  name: ProcessName
  pid: number
}

/** Workers first: a worker that loses its server first would only write complaints into its log. */
const waves: readonly { names: readonly ProcessName[]; timeoutMs: number }[] = [
  { names: ['orchestrator', 'policy', 'policy-2'], timeoutMs: 30_000 },
  { names: ['temporal', 'mlflow'], timeoutMs: 15_000 },
]

/**
 * Idempotent. Ports stay remembered, so that the next `up` has the same addresses.
 * @returns what was ended; a recorded process that was gone, or whose pid is somebody else's by now, is not among it.
 */
export async function takeDown(home: Home, report: (line: string) => void = () => {}): Promise<Ended[]> {
  if (!existsSync(home.path)) return []
  const onWait = (pid: number) => report(`waiting for process ${pid}, which is starting or ending the same services`)
  return withLock({ file: lockFile(home), timeoutMs: lockTimeoutMs, onWait }, async () => {
    const record = readRecord(home)
    const ended: Ended[] = []
    const end = async (name: ProcessName, timeoutMs: number) => {
      const started = record.processes[name]
      if (started === undefined) return
      if (await endProcess(started, { timeoutMs })) {
        ended.push({ name, pid: started.pid })
        report(`ended ${name} (process ${started.pid})`)
      }
      delete record.processes[name]
      writeRecord(home, record)
    }
    for (const { names, timeoutMs } of waves) await Promise.all(names.map(name => end(name, timeoutMs)))
    delete record.services
    delete home.services
    if (existsSync(home.path)) writeRecord(home, record)
    return ended
  })
}
