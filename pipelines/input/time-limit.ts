/** Work on untrusted input that may not end, such as a tokenizer's regular expression: interrupted after a time limit. */
import { createContext, Script } from 'node:vm'

/** The work did not end within its time limit. */
export class TooSlow extends Error {}

const room: { work?: () => unknown } = createContext({})
const script = new Script('work()')

/** A process that waits for a processor gets this many times the limit before the work is given up. */
const patience = 64

/**
 * The result of `work` within a limit of processor time in milliseconds. A timer knows only the time of the clock, which passes on a
 * busy machine while nothing is computed: work that was interrupted after less processor time than the limit is done again, with a
 * timer four times as long. Throws TooSlow, or what `work` throws.
 */
export function withinTime<Result>(work: () => Result, { milliseconds }: { milliseconds: number }): Result {
  for (let timeout = milliseconds; ; timeout *= 4) {
    const before = process.cpuUsage()
    try {
      room.work = work
      return script.runInContext(room, { timeout }) as Result
    } catch (error) {
      if (!isTimeout(error)) throw error
      const { user, system } = process.cpuUsage(before)
      const isUsed = (user + system) / 1000 >= milliseconds
      if (isUsed || timeout >= patience * milliseconds) throw new TooSlow(`no end within ${milliseconds} ms`)
    } finally {
      delete room.work
    }
  }
}

const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
