/**
 * A folder of the cache that is there whole or not at all: filled under another name, stamped, then renamed. What an
 * interrupted set-up left has no stamp, or another name, and is made again.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const stampName = '.whole.json'
const mebibyte = 2 ** 20

/** Whether the folder was finished, and its large files still have the sizes they had then. */
export function isWhole(folder) {
  const stamp = join(folder, stampName)
  if (!existsSync(stamp)) return false
  const { large } = JSON.parse(readFileSync(stamp, 'utf8'))
  return large.every(({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes)
}

/** Fills the folder by `fill(temporary)`; call it under a lock, for it removes what others left behind. */
export async function makeWhole(folder, fill) {
  const parent = dirname(folder)
  const prefix = `${basename(folder)}.partial-`
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true })
  }
  const temporary = mkdtempSync(join(parent, prefix))
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
