/**
 * Where a home's record of processes and ports, its lock and its logs lie: they are of one machine. In the home, if no other machine shares
 * it; else in the folder that `RLEV_STATE` names on each machine, under the home's id.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readIfThere } from '../store/files.js'

/** A home that has no id yet has no state either: that of its folder is empty. */
export function stateFolder({ path }: { path: string }): string {
  const named = process.env['RLEV_STATE']?.trim()
  const id = readIfThere(join(path, 'home-id'))?.toString('utf8').trim()
  return named && id ? join(resolve(named), id) : path
}

/** What the machine kept in the home before it had a folder of its state: taken over once. The home may be on another file system. */
export function takeOver(home: { path: string }, name: string): void {
  const folder = stateFolder(home)
  const before = join(home.path, name)
  const now = join(folder, name)
  if (folder === home.path || existsSync(now) || !existsSync(before)) return
  mkdirSync(folder, { recursive: true })
  copyFileSync(before, now)
  rmSync(before)
}
