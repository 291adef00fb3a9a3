/**
 * A folder of the cache that is there whole or not at all: filled under another name, stamped, then renamed. What an
 * interrupted set-up left has no stamp, or another name, and is made again.
 */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { PartError } from './part-error.mjs'

const stampName = '.whole.json'
const mebibyte = 2 ** 20

/**
 * Whether the folder was finished, and its large files still have the sizes they had then.
 * Throws PartError if this user may not read it: it is there, and making it again would not help.
 */
export function isWhole(folder) {
  try {
    const stamp = textIfThere(join(folder, stampName))
    if (stamp === undefined) return false
    const { large } = JSON.parse(stamp)
    return large.every(({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes)
  } catch (error) {
    if (error.code !== 'EACCES') throw error
    throw new PartError({
      message: 'the cache belongs to another user, and this user may not read it',
      expected: `a folder that ${userName()} may read`,
      found: error.message,
      remedy: `let its owner run \`chmod -R a+rX ${dirname(dirname(folder))}\`; or set RLEV_CACHE to a folder of your own and run \`npm run setup\``,
      cause: error,
    })
  }
}

function textIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // A file in the place of a folder on the way is as good as nothing.
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  }
}

function userName() {
  try {
    return userInfo().username
  } catch {
    // A container may run under a user id without a name.
    return `user ${process.getuid()}`
  }
}

/** Fills the folder by `fill(temporary)`; call it under a lock, because it removes what others left behind. */
export async function makeWhole(folder, fill) {
  const parent = dirname(folder)
  const prefix = `${basename(folder)}.partial-`
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true })
  }
  // Not by mkdtemp, which makes a folder that only its owner can read: a cache may serve several users.
  const temporary = join(parent, `${prefix}${randomUUID()}`)
  mkdirSync(temporary)
  try {
    await fill(temporary)
    const large = largeFiles(temporary)
    writeFileSync(join(temporary, stampName), JSON.stringify({ large }, null, 2))
    rmSync(folder, { recursive: true, force: true })
    renameSync(temporary, folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Folders that hold absolute paths of themselves cannot be renamed (a Python environment): made in place, stamped last. */
export async function makeInPlace(folder, fill) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await fill(folder)
  const stamp = join(folder, stampName)
  writeFileSync(`${stamp}.partial`, JSON.stringify({ large: [] }))
  renameSync(`${stamp}.partial`, stamp)
}

function largeFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .map(file => ({ path: file.slice(folder.length + 1), bytes: statSync(file).size }))
    .filter(({ bytes }) => bytes >= mebibyte)
}
