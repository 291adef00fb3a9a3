/**
 * The code that computes results: every compiled file of pipelines/, activities/ and workflows/, the sources of our own in TensorFlow's
 * addon, and package-lock.json with the versions of the packages. Commands are left out, because no result passes through them.
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

/** Of a compiled tree. package-lock.json and the addon's sources are in the folder above it. */
export function codeOf(tree: string): Code {
  const scripts = folders.flatMap(folder =>
    readdirSync(join(tree, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.js'))
      .map(name => join(folder, name)),
  )
  const short = (path: string) => sha256(readFileSync(path)).slice(0, 16)
  const files: Record<string, string> = {}
  for (const name of scripts.sort()) files[name] = short(join(tree, name))
  for (const name of [...addonSources(join(tree, '..')), 'package-lock.json']) {
    const path = join(tree, '..', name)
    if (existsSync(path)) files[name] = short(path)
  }
  return { digest: digest(files), files }
}

/** Relative to the project's folder. */
function addonSources(project: string): string[] {
  const folder = join('scripts', 'setup', 'addon')
  if (!existsSync(join(project, folder))) return []
  return readdirSync(join(project, folder))
    .filter(name => name.endsWith('.h') || name === 'addon-patches.mjs')
    .sort()
    .map(name => join(folder, name))
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
