/** Work on untrusted input that may not end, such as a tokenizer's regular expression: interrupted after a time limit. */
import { createContext, Script } from 'node:vm'

/** The work did not end within its time limit. */
export class TooSlow extends Error {}

const room: { work?: () => unknown } = createContext({})
const script = new Script('work()')

/**
 * The result of `work` within a time limit in milliseconds. A second try follows one that timed out, because a process that was
 * stopped in between has lost its time without using it. Throws TooSlow, or what `work` throws.
 */
export function withinTime<Result>(work: () => Result, { milliseconds }: { milliseconds: number }): Result {
  for (let attempt = 1; ; attempt++) {
    try {
      room.work = work
      return script.runInContext(room, { timeout: milliseconds }) as Result
    } catch (error) {
      if (!isTimeout(error)) throw error
      if (attempt === 2) throw new TooSlow(`no end within ${milliseconds} ms`)
    } finally {
      delete room.work
    }
  }
}

const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
