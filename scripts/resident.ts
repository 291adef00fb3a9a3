/** What this process holds of the machine's memory, by the kernel's own count; where there is no /proc, by Node's. */
import { existsSync, readFileSync } from 'node:fs'

export interface Resident {
  /** Now. (bytes) */
  now: number
  /** The most so far. (bytes) */
  peak: number
}

export function residentSize(): Resident {
  const file = '/proc/self/status'
  if (!existsSync(file)) {
    return { now: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }
  }
  const status = readFileSync(file, 'utf8')
  const kibibytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 }
}
