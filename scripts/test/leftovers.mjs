/**
 * What a test file started and did not end. Services are detached, so no process group holds them together; the mark in
 * their environment does. Linux only: elsewhere nothing is looked for.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export const markName = 'RLEV_TEST_MARK'

/** Ends every process with this mark. @returns {Promise<string[]>} their command lines */
export async function endLeftovers(mark) {
  if (process.platform !== 'linux') return []
  // One that was told to end may still be at it.
  for (let round = 0; round < 20 && marked(mark).length > 0; round++) await sleep(100)
  const left = marked(mark)
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // It ended by itself just now.
      if (error.code !== 'ESRCH') throw error
    }
  }
  return left.map(({ command }) => command)
}

function marked(mark) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => read(`/proc/${pid}/environ`).includes(`${markName}=${mark}`))
    .map(pid => ({
      pid: Number(pid),
      command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 120),
    }))
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Ended between the list and the look, or somebody else's.
    return ''
  }
}
