/** Bytes that files and folders hold. Two names of one file count once, and links are not followed. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isCode } from './files.js'

/** Of everything under these paths; what is missing, or goes while it is counted, holds nothing. */
export function bytesUnder(...paths: readonly string[]): number {
  const counted = new Set<string>()
  const of = (path: string): number => {
    try {
      const { dev, ino, nlink, size, isFolder } = facts(path)
      if (isFolder) return readdirSync(path).reduce((sum, name) => sum + of(join(path, name)), 0)
      const key = `${dev} ${ino}`
      if (nlink > 1 && counted.has(key)) return 0
      counted.add(key)
      return size
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return 0
      throw error
    }
  }
  return paths.reduce((sum, path) => sum + of(path), 0)
}

function facts(path: string) {
  const stat = lstatSync(path)
  const { dev, ino, nlink, size } = stat
  return { dev, ino, nlink, size, isFolder: stat.isDirectory() }
}
