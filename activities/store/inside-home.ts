/**
 * Files written to the home stay in it: no path inside it leads out, by dots or by a symbolic link. The home itself may be a link, and
 * links from one folder of it to another are followed.
 */
import { lstatSync, realpathSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { isCode } from './files.js'

/**
 * The path. Throws CallInvalid if it, or a link on the way to it, leads out of the home. `checked`: a folder on the way, up to which it is
 * known.
 */
export function insideHome(home: string, path: string, checked = home): string {
  const inside = relative(checked, path)
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw leadsOut(path, path)
  let root: string | undefined
  let at = checked
  for (const part of inside.split(sep)) {
    at = join(at, part)
    const found = lstatSync(at, { throwIfNoEntry: false })
    if (found === undefined) break
    if (!found.isSymbolicLink()) continue
    root ??= realpathSync(home)
    const target = targetOf(at)
    if (target !== root && !target?.startsWith(root + sep)) throw leadsOut(at, target ?? 'nothing')
  }
  return path
}

/** Null if a link leads to nothing. */
function targetOf(link: string): string | null {
  try {
    return realpathSync(link)
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
    throw error
  }
}

function leadsOut(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'this path in the home leads out of it',
    place,
    expected: 'files and folders inside the home',
    found: `it leads to ${found}`,
    remedy: 'remove the link; to use another disk, move the whole home there and name it by --home or RLEV_HOME',
  })
}
