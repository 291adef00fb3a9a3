/**
 * Whether the kernel killed a process because memory ran out. It does not say which: the number of such kills of this machine rises, and
 * the process ends by SIGKILL.
 */
import { readIfThere } from '../store/files.js'

/** Since the machine started, in all of its containers; 0 where the system does not say. */
export function oomKills(): number {
  const counters = readIfThere('/proc/vmstat')?.toString('utf8') ?? ''
  return Number(/^oom_kill (\d+)$/m.exec(counters)?.[1] ?? 0)
}

/** The kills of the last seconds, asked once a second or so: a longer time would take in those of others. */
export class RecentOomKills {
  readonly #count: () => number
  #before: number
  #last: number

  constructor(count: () => number = oomKills) {
    this.#count = count
    this.#before = this.#last = count()
  }

  look(): void {
    this.#before = this.#last
    this.#last = this.#count()
  }

  /** Whether there was one since the look before the last. */
  get any(): boolean {
    return this.#count() > this.#before
  }
}
