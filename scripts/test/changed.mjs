/**
 * Which test files a change concerns: those that import a changed module, directly or not. A module's name in a text counts as an
 * import, because processes, threads and bundles are started by path. Where that says nothing every file is concerned: files of other
 * kinds, which are read by path, modules that are gone, and modules that no other one names.
 */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'

/**
 * @param {{ root: string, names: string[] }} options `names`: of test files, as paths in the folder of compiled tests.
 * @returns {{ names: string[], why: string }}
 */
export function concernedBy({ root, names }) {
  const { since, changes } = changesIn(root)
  const importers = readImporters(join(root, 'dist'))
  const moduleOf = path => path.replace(/\.ts$/, '.js')
  const isUnknown = ({ path, isGone }) => {
    if (isGone || !path.endsWith('.ts')) return true
    return !path.endsWith('.test.ts') && !importers.get(moduleOf(path))?.length
  }
  const unknown = changes.find(isUnknown)
  if (unknown !== undefined) return { names, why: `${unknown.path} differs from ${since}: every test file` }
  const concerned = new Set(changes.map(({ path }) => moduleOf(path)))
  // What is added meanwhile is visited too.
  for (const module of concerned) for (const importer of importers.get(module) ?? []) concerned.add(importer)
  const found = names.filter(name => concerned.has(join('test', name)))
  return {
    names: found,
    why: `${changes.length} changed since ${since}: ${found.length} of ${names.length} test files`,
  }
}

/** Of the branch since it left main, and of the working tree. */
function changesIn(root) {
  const git = (...words) => {
    const printed = execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return printed.split('\n').filter(line => line !== '')
  }
  const [head] = git('rev-parse', 'HEAD')
  const left = commonWithMain(git) ?? head
  const tracked = git('diff', '--name-status', '--no-renames', left).map(line => line.split('\t'))
  const untracked = git('ls-files', '--others', '--exclude-standard')
  return {
    since: left === head ? 'the last commit' : `main (${left.slice(0, 7)})`,
    changes: [
      ...tracked.map(([status, path]) => ({ path, isGone: status === 'D' })),
      ...untracked.map(path => ({ path, isGone: false })),
    ],
  }
}

/** Undefined if there is no main. */
function commonWithMain(git) {
  try {
    return git('merge-base', 'HEAD', 'main')[0]
  } catch {
    return undefined
  }
}

/** By compiled module: those that name it. Paths are those in the folder. */
function readImporters(folder) {
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js'))
  const importers = new Map(modules.map(name => [name, []]))
  const byBase = new Map()
  for (const name of modules) byBase.set(basename(name), [...(byBase.get(basename(name)) ?? []), name])
  for (const importer of modules) {
    const text = readFileSync(join(folder, importer), 'utf8')
    for (const [, path] of text.matchAll(/['"`/}]([\w.-][\w./-]*\.js)\b/g)) {
      const exact = normalize(join(dirname(importer), path))
      const named = importers.has(exact) ? [exact] : (byBase.get(basename(path)) ?? [])
      for (const module of named) if (module !== importer) importers.get(module)?.push(importer)
    }
  }
  return importers
}
