/**
 * The code that computes results: every compiled file of pipelines/, activities/ and workflows/, and package-lock.json with the versions of
 * the packages. Commands are left out, because no result passes through them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digest } from '../../pipelines/config/digest.js'
import { sha256 } from '../store/files.js'

export interface Code {
  /** Of the files below: equal digests mean the same code. */
  digest: string
  /** The beginning of each file's sha256, by its path in the build. */
  files: Readonly<Record<string, string>>
}

const folders = ['pipelines', 'activities', 'workflows'] as const
const build = fileURLToPath(new URL('../../', import.meta.url))
let own: Code | undefined

/** Of this process. Read once, when a worker starts: it does not run what is built later. */
export function codeOfThisProcess(): Code {
  own ??= codeOf(build)
  return own
}

/** Of a compiled tree. package-lock.json is in the folder above it. */
export function codeOf(tree: string): Code {
  const scripts = folders.flatMap(folder =>
    readdirSync(join(tree, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.js'))
      .map(name => join(folder, name)),
  )
  const short = (path: string) => sha256(readFileSync(path)).slice(0, 16)
  const files: Record<string, string> = {}
  for (const name of scripts.sort()) files[name] = short(join(tree, name))
  const lock = join(tree, '..', 'package-lock.json')
  if (existsSync(lock)) files['package-lock.json'] = short(lock)
  return { digest: digest(files), files }
}

/** `pipelines/training/loss.js changed`, one entry a file. */
export function codeDifference(before: Code, now: Code): string[] {
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(now.files)])].sort()
  return names.flatMap(name => {
    const [old, young] = [before.files[name], now.files[name]]
    if (old === young) return []
    return `${name} ${old === undefined ? 'is new' : young === undefined ? 'is gone' : 'changed'}`
  })
}
