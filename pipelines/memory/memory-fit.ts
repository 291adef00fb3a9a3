/**
 * Compares a run's estimated memory with the available memory. Messages name the largest part and the keys that
 * make it smaller.
 */
import { RlevError } from '../errors.js'
import type { MemoryEstimate } from './estimate.js'

/**
 * Only a run that needs more than this share of its estimate is refused, because estimates may be too high
 * (docs/memory.md).
 */
const certainShare = 0.7

interface MemoryRoom {
  bytes: number
  /** The source of the figure: `this machine`, `the card`, an environment variable. */
  of: string
}

export type MemoryFit = 'fits' | 'may not fit' | 'does not fit'

export function fitOf(estimate: MemoryEstimate, room: MemoryRoom): MemoryFit {
  if (estimate.bytes <= room.bytes) return 'fits'
  return certainShare * estimate.bytes <= room.bytes ? 'may not fit' : 'does not fit'
}

/** The shortage in one line. */
export function memoryShortage(estimate: MemoryEstimate, room: MemoryRoom): string {
  const { phase, bytes, largest } = estimate
  const needs = `the ${phase} needs about ${sizeText(bytes)}, ${sizeText(largest.bytes)} of it for ${largest.name}`
  return `${needs}; ${remedyFor(estimate)} (available: ${sizeText(room.bytes)}, according to ${room.of})`
}

/** Throws OutOfMemory if a run certainly does not fit. */
export function refuseWithoutRoom(estimate: MemoryEstimate, room: MemoryRoom): void {
  if (fitOf(estimate, room) !== 'does not fit') return
  throw new RlevError({
    kind: 'OutOfMemory',
    message: 'the available memory is too small for this run',
    place: `the ${estimate.phase}`,
    expected: `about ${sizeText(estimate.bytes)}: ${partsIn(estimate)}`,
    found: `${sizeText(room.bytes)}, according to ${room.of}`,
    remedy: `${remedyFor(estimate)}; if the available memory is wrong, set RLEV_MEMORY_GIB`,
  })
}

function partsIn({ parts, phase }: MemoryEstimate): string {
  return parts
    .filter(part => part.phase === phase || part.phase === 'always')
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes }) => `${name} ${sizeText(bytes)}`)
    .join(', ')
}

function remedyFor({ largest: { shrunkBy } }: MemoryEstimate): string {
  return shrunkBy.length === 0 ? 'give the worker more memory' : `${shrunkBy.join(', ')} would make that smaller`
}

/** `12.0 GiB`, `1.25 GiB`, `35 MiB`. */
export function sizeText(bytes: number): string {
  const count = bytes / 2 ** 30
  if (count < 0.1) return `${Math.max(1, Math.round(count * 1024))} MiB`
  return `${count < 10 ? count.toFixed(2) : count.toFixed(1)} GiB`
}
