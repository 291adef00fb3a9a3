/** Work on input of strangers that may take for ever, such as a regular expression of a tokenizer: broken off, wherever it is. */
import { createContext, Script } from 'node:vm'

/** The work did not end in its time. */
export class TooSlow extends Error {}

const room: { work?: () => unknown } = createContext({})
const script = new Script('work()')

/**
 * What `work` gives, if it gives it in so many milliseconds. A second try follows the first that does not: a process that was
 * stopped in between, or had the machine taken away, has lost its time without using it. Throws TooSlow, or what `work` throws.
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
