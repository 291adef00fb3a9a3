/** What a process holds of the machine's memory, by the kernel's own count; of this one, where there is no /proc, by Node's. */
import { readFileSync } from 'node:fs'

export interface Resident {
  /** Now. (bytes) */
  now: number
  /** The most so far. (bytes) */
  peak: number
}

export function residentSize(): Resident {
  return residentSizeOf('self') ?? { now: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }
}

/** Null where there is no such process, or no /proc. */
export function residentSizeOf(pid: number | 'self'): Resident | null {
  let status: string
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return null
  }
  const kibibytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 }
}
