/**
 * The folder for what tests write. They store many small files and wait until each is on the disk, which takes more time than all that
 * they compute: so a folder in memory if there is one with room. A crash of the machine is no case of any test, and one of a process
 * loses nothing there either.
 */

import { readFileSync, statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'

const inMemory = '/dev/shm'
const neededBytes = 4 * 2 ** 30

/** A stated TMPDIR stays. */
export function scratchParent() {
  return process.env.TMPDIR === undefined && hasRoom() ? inMemory : tmpdir()
}

function hasRoom() {
  if (process.platform !== 'linux') return false
  try {
    const mount = readFileSync('/proc/mounts', 'utf8').match(/^\S+ \/dev\/shm (\S+) (\S+)/m)
    // Tests start programs that they have written.
    if (mount?.[1] !== 'tmpfs' || mount[2].split(',').includes('noexec')) return false
    const { bavail, bsize } = statfsSync(inMemory)
    return Math.min(bavail * bsize, freemem()) >= neededBytes
  } catch {
    // Not mounted.
    return false
  }
}
