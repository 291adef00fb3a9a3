/** Whether what a run needs is there: the sentence that says so, with the part that is largest and what makes it smaller. */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { RlevError } from '../errors.js'
import type { MemoryEstimate } from './estimate.js'

/** How far the estimate may be above what is measured (docs/memory.md): a refusal must be certain. */
const surely = 0.7

export interface MemoryRoom {
  bytes: number
  /** Who says so: `this machine`, `the card`, an environment variable. */
  of: string
}

export type MemoryFit = 'fits' | 'may not fit' | 'does not fit'

export function fitOf(estimate: MemoryEstimate, room: MemoryRoom): MemoryFit {
  if (estimate.bytes <= room.bytes) return 'fits'
  return surely * estimate.bytes <= room.bytes ? 'may not fit' : 'does not fit'
}

/** In one line. */
export function memoryShortage(estimate: MemoryEstimate, room: MemoryRoom): string {
  const { phase, bytes, largest } = estimate
  const needs = `the ${phase} needs about ${sizeText(bytes)}, ${sizeText(largest.bytes)} of it for ${largest.name}`
  return `${needs}; ${remedyFor(estimate)} (${sizeText(room.bytes)} at hand by ${room.of})`
}

/** Throws OutOfMemory where a run surely does not fit. */
export function refuseWithoutRoom(estimate: MemoryEstimate, room: MemoryRoom): void {
  if (fitOf(estimate, room) !== 'does not fit') return
  throw new RlevError({
    kind: 'OutOfMemory',
    message: 'the memory at hand is too small for this run',
    place: `the ${estimate.phase}`,
    expected: `about ${sizeText(estimate.bytes)}: ${partsIn(estimate)}`,
    found: `${sizeText(room.bytes)} by ${room.of}`,
    remedy: `${remedyFor(estimate)}; RLEV_MEMORY_GIB says how much there is where this is wrong`,
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

/**
 * Tokens of the longest prompt, without its tokenizer: characters for a policy made here; for a checkpoint half of them and the
 * template's, more than most languages need.
 */
export function promptTokensOf(items: readonly Pick<Item, 'prompt'>[], { from }: ExperimentConfig['policy']): number {
  const characters = items.reduce((most, { prompt }) => {
    const said = typeof prompt === 'string' ? [prompt] : prompt.map(({ content }) => content)
    return Math.max(
      most,
      said.reduce((sum, text) => sum + text.length, 0),
    )
  }, 1)
  return from === 'scratch' ? characters : Math.ceil(characters / 2) + 32
}
