/** What the kernel says of another process, where it says so in /proc (Linux). */
import { readFileSync } from 'node:fs'

export interface ProcessFacts {
  /** It waits for something, as opposed to computing, or being ready to compute on a machine that is busy with others. */
  waiting: boolean
  /** Processor time of all its threads since it began. (ms) */
  processorMs: number
  /** Memory that it holds. (bytes) */
  residentBytes: number
}

/** Linux counts processor time in hundredths of a second for every program. */
const tickMs = 10

/** Null if there is no such process, or no /proc. */
export function processFacts(pid: number): ProcessFacts | null {
  try {
    // `pid (name) state ...`; the name may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    // utime and stime are the fields 14 and 15 of the line, the state is the third.
    const ticks = Number(fields[10]) + Number(fields[11])
    return { waiting: state === 'S', processorMs: ticks * tickMs, residentBytes: Number(resident ?? 0) * 1024 }
  } catch {
    // The process has ended meanwhile, or the system is another one: nothing is known.
    return null
  }
}
