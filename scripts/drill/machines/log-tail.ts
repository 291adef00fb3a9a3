/** What a policy worker has written since a mark, and the moments of a run that can be seen in it. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { entryOf, type WorkerLogEntry } from '../left-behind.js'

export interface TailEntry extends WorkerLogEntry {
  activityType?: string
}

/** An activity of this type starts, or a step from this one on is sampled. */
export type Moment = { activity: string } | { step: number }

export const momentText = (moment: Moment): string =>
  'activity' in moment ? `${moment.activity} started` : `step ${moment.step} was sampled`

export function momentIn(entries: readonly TailEntry[], moment: Moment): boolean {
  if ('activity' in moment) {
    return entries.some(
      ({ message, activityType }) => message === 'Activity started' && activityType === moment.activity,
    )
  }
  return entries.some(({ message, step = 0 }) => message === 'sampling' && step >= moment.step)
}

export class LogTail {
  readonly #path: string
  #from = 0
  #rest = ''
  #entries: TailEntry[] = []

  constructor(path: string) {
    this.#path = path
  }

  mark(): void {
    this.#from = existsSync(this.#path) ? statSync(this.#path).size : 0
    this.#rest = ''
    this.#entries = []
  }

  /** Since the mark. What is new is read only. */
  entries(): readonly TailEntry[] {
    const lines = `${this.#rest}${this.#new()}`.split('\n')
    this.#rest = lines.pop() ?? ''
    this.#entries.push(...lines.flatMap(line => entryOf<TailEntry>(line) ?? []))
    return this.#entries
  }

  #new(): string {
    if (!existsSync(this.#path)) return ''
    const bytes = Buffer.alloc(Math.max(0, statSync(this.#path).size - this.#from))
    const file = openSync(this.#path, 'r')
    try {
      const count = readSync(file, bytes, 0, bytes.length, this.#from)
      this.#from += count
      return bytes.toString('utf8', 0, count)
    } finally {
      closeSync(file)
    }
  }
}
