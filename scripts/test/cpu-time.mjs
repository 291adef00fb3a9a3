import { readFileSync } from 'node:fs'

/**
 * Of this process and of the processes that it started and that have ended, theirs included. Linux counts it in hundredths of a
 * second: utime, stime, cutime and cstime of proc(5). 0 elsewhere.
 */
export function cpuMilliseconds() {
  if (process.platform !== 'linux') return 0
  const afterName = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
  return afterName.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0)
}

/** Of the test files of this process, by name, without what loading them took. Its reporter hears of a file's end late. */
export const cpuOfFiles = new Map()
