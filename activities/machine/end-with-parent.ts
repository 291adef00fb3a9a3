/**
 * Ends this process when the one that started it has ended. A thread of its own looks: this one may be in a long computation or an
 * endless loop, in which it would not learn that the channel is closed, and go on after a parent that was killed.
 */
import { Worker } from 'node:worker_threads'

/** Between two looks. (ms) */
const intervalMs = 500

/** `group` ends the whole process group, which this process must lead. */
export function endWithParent({ parent, group }: { parent: number; group: boolean }): void {
  const ended = group ? -process.pid : process.pid
  process.on('disconnect', () => process.kill(ended, 'SIGKILL'))
  const watch = `
    const { workerData: { parent, ended } } = require('node:worker_threads')
    const end = () => { if (process.ppid !== parent) process.kill(ended, 'SIGKILL') }
    end()
    setInterval(end, ${intervalMs})
  `
  new Worker(watch, { eval: true, workerData: { parent, ended }, execArgv: [] }).unref()
}
