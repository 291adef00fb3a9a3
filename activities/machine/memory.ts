/**
 * The memory at hand on this machine for a policy: `RLEV_MEMORY_GIB` where it is set, else that of the first card where TensorFlow
 * computes on one, else what the system or its control group has left. What this process holds itself counts as at hand.
 */
import { execFileSync } from 'node:child_process'
import { freemem } from 'node:os'
import { RlevError } from '../../pipelines/errors.js'
import { readIfThere } from '../store/files.js'

export interface MemoryAtHand {
  bytes: number
  of: 'RLEV_MEMORY_GIB' | 'the card' | 'this machine'
}

const gibibyte = 2 ** 30

/** Throws CallInvalid where `RLEV_MEMORY_GIB` is no number above 0. */
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
    message: 'the memory for a policy cannot be this',
    place: 'RLEV_MEMORY_GIB',
    expected: 'a number of GiB above 0, as in RLEV_MEMORY_GIB=12',
    found: JSON.stringify(stated),
    remedy: 'correct the environment variable, or leave it out to have the free memory taken',
  })
}

/** All of it, for TensorFlow takes most at its start. Null where nvidia-smi is not there or says nothing that can be read. */
function sizeOfCard(): number | null {
  try {
    const answer = execFileSync('nvidia-smi', ['--query-gpu=memory.total', '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const mebibytes = Number.parseFloat(answer)
    return Number.isFinite(mebibytes) ? mebibytes * 2 ** 20 : null
  } catch {
    return null
  }
}

/** Linux says what is available without swapping, caches included; a control group may allow less. */
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
