/** Whether something under a temporary name is still being made. */
import { lstatSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isCode } from '../../activities/store/files.js'
import { makerOf } from '../../activities/store/temporary-names.js'
import { processStart } from '../services/identity.mjs'

const minute = 60_000

/** An activity of the policy may take so long (workflows/activity-options.ts): what is older has no maker any more. */
const longestWork = 7 * 24 * 60 * minute

/**
 * `at work`: its maker lives; `left`: it is dead, and nothing changed for a minute; `unknown`: made on another machine that
 * shares the home, or by a name that does not say, and too young to be sure.
 */
export function standingOf(path: string): 'at work' | 'left' | 'unknown' {
  const maker = makerOf(basename(path))
  const age = Date.now() - newestChange(path)
  if (maker?.where === 'here' && processStart(maker.pid) !== undefined) return 'at work'
  if (maker === null || maker.where === 'elsewhere') return age > longestWork ? 'left' : 'unknown'
  return age > minute ? 'left' : 'at work'
}

/** Milliseconds since 1970, of the file, or of the folder and all that is in it. Now, where it has gone meanwhile. */
function newestChange(path: string): number {
  try {
    const stat = lstatSync(path)
    if (!stat.isDirectory()) return stat.mtimeMs
    return Math.max(stat.mtimeMs, ...readdirSync(path).map(name => newestChange(join(path, name))))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return Date.now()
    throw error
  }
}
