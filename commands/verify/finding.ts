/** What a look at one piece of a run gives, and how pieces are looked at so that a run at work is not accused of what it is doing. */

import { setTimeout as delay } from 'node:timers/promises'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'

export interface Finding {
  /** Absolute path. */
  place: string
  message: string
  expected?: string
  found?: string
  remedy: string
}

/** Of one piece or of many. */
export interface Tally {
  findings: Finding[]
  /** Read and compared. */
  files: number
  bytes: number
}

/** A look at one piece: reads its files once. */
export type Look = () => Tally

export const nothing: Tally = { findings: [], files: 0, bytes: 0 }

/** Milliseconds in which a worker finishes what it had begun with a file. */
const pause = 250

/** Every look; those that find something are repeated after a moment, and only what is found again counts. */
export async function lookAtAll(looks: readonly Look[]): Promise<Tally> {
  const first = looks.map(look => ({ look, tally: look() }))
  if (first.every(({ tally }) => tally.findings.length === 0)) return sum(first.map(({ tally }) => tally))
  await delay(pause)
  return sum(first.map(({ look, tally }) => (tally.findings.length === 0 ? tally : look())))
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    findings: tallies.flatMap(({ findings }) => findings),
    files: tallies.reduce((total, { files }) => total + files, 0),
    bytes: tallies.reduce((total, { bytes }) => total + bytes, 0),
  }
}

/** What a reader of the store throws, as a finding; `remedy` for this place. Other errors are thrown on. */
export function findingOf(error: unknown, { place, remedy }: { place: string; remedy: string }): Finding {
  if (!(error instanceof RlevError)) throw error
  const { parts } = error
  return {
    place: parts.place ?? place,
    message: parts.message,
    ...given({ expected: parts.expected, found: parts.found }),
    remedy,
  }
}

/** `3, 5-9`. */
export function ranges(steps: readonly number[]): string {
  const runs: [number, number][] = []
  for (const step of [...steps].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && step === last[1] + 1) last[1] = step
    else runs.push([step, step])
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
