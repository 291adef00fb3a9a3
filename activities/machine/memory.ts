/**
 * The memory available for a policy on this machine: `RLEV_MEMORY_GIB` if it is set, else that of the first card if TensorFlow computes on
 * one, else what the system or its control group has left. Memory that this process holds counts as available.
 */
import { freemem } from 'node:os'
import { RlevError } from '../../pipelines/errors.js'
import { readIfThere } from '../store/files.js'
import { ofFirstCard } from './card.js'

export interface MemoryAtHand {
  bytes: number
  of: 'RLEV_MEMORY_GIB' | 'the card' | 'this machine'
}

const gibibyte = 2 ** 30

/** Throws CallInvalid if `RLEV_MEMORY_GIB` is not a number above 0. */
export function memoryAtHand({ onCard }: { onCard: boolean }): MemoryAtHand {
  const stated = process.env['RLEV_MEMORY_GIB']
  if (stated !== undefined && stated !== '') return { bytes: gibibytes(stated) * gibibyte, of: 'RLEV_MEMORY_GIB' }
  const card = onCard ? sizeOfCard() : null
  return card === null ? { bytes: freeInSystem(), of: 'this machine' } : { bytes: card, of: 'the card' }
}

function gibibytes(stated: string): number {
  const count = Number(stated)
  if (Number.isFinite(count) && count > 0) return count
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'RLEV_MEMORY_GIB is not an amount of memory',
    place: 'RLEV_MEMORY_GIB',
    expected: 'a number of GiB above 0, as in RLEV_MEMORY_GIB=12',
    found: JSON.stringify(stated),
    remedy: 'correct the environment variable, or unset it to use the free memory',
  })
}

/** The card's whole memory, since TensorFlow takes most of it at start. Null if nvidia-smi is missing or its output cannot be read. */
function sizeOfCard(): number | null {
  const mebibytes = Number.parseFloat(ofFirstCard('memory.total') ?? '')
  return Number.isFinite(mebibytes) ? mebibytes * 2 ** 20 : null
}

/** What Linux reports as available without swapping, caches included; a control group may allow less. */
function freeInSystem(): number {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(text('/proc/meminfo') ?? '')?.[1]
  const system = available === undefined ? freemem() : Number(available) * 1024
  const limit = Number(text('/sys/fs/cgroup/memory.max') ?? Number.NaN)
  const used = Number(text('/sys/fs/cgroup/memory.current') ?? Number.NaN)
  const free = Number.isFinite(limit - used) ? Math.min(system, limit - used) : system
  return free + process.memoryUsage.rss()
}

function text(path: string): string | undefined {
  return readIfThere(path)?.toString('utf8').trim()
}
