/** Files that nobody refers to: what a crash left under a temporary name, what was set aside as damaged, and what is unknown. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isCode } from '../../activities/store/files.js'
import { temporaryPrefix } from '../../activities/store/temporary-names.js'
import { standingOf } from '../doctor/leftovers.js'
import type { Finding } from './finding.js'

/** Of the names in a folder that `concerns`; files that a living process is writing do not count. Not for names that the run knows. */
export function leftoversOf(folder: string, concerns: (name: string) => boolean): Finding[] {
  return rawNamesIn(folder)
    .filter(concerns)
    .flatMap(name => leftover(join(folder, name), name))
}

/** Like `leftoversOf`, and everything else whose name is not `known`. */
export function orphansIn(folder: string, known: (name: string) => boolean): Finding[] {
  return rawNamesIn(folder)
    .filter(name => !known(name))
    .flatMap(name => {
      const place = join(folder, name)
      if (name.startsWith(temporaryPrefix) || isSetAside(name)) return leftover(place, name)
      return [{ place, message: 'nobody refers to this', remedy: 'move it away: nothing of this run wrote it' }]
    })
}

function leftover(place: string, name: string): Finding[] {
  if (name.startsWith(temporaryPrefix)) {
    if (standingOf(place) !== 'left') return []
    return [{ place, message: 'a crash left this behind unfinished', remedy: '`rlev doctor` removes it' }]
  }
  if (!isSetAside(name)) return []
  return [
    {
      place,
      message: 'this was found damaged and set aside',
      remedy: 'nothing reads it: look what happened to it if you like, then remove it',
    },
  ]
}

const isSetAside = (name: string): boolean => /\.damaged-\d+$/.test(name)

function rawNamesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
