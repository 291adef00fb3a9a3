/** The build: TypeScript to dist/, then the workflows as one bundle, which a worker would otherwise make at every start. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutLock, withLock } from './lock.mjs'
import { runCommand } from './run-command.mjs'

const configuration = ['tsconfig.json', 'package.json', 'package-lock.json']

export const build = {
  name: 'build',
  title: 'build',
  after: ['packages'],

  async state({ root }) {
    const place = join(root, 'dist')
    const stamp = stampOf(root)
    const ready = existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === digestOf(root)
    return { ready, place, detail: ready ? 'of the sources as they are' : 'not of the sources as they are' }
  },

  async make(context, report) {
    const { root } = context
    await withLock(checkoutLock(context, report), async () => {
      // Taken before the compiler reads: what is edited meanwhile is built the next time.
      const digest = digestOf(root)
      mkdirSync(join(root, 'dist'), { recursive: true })
      rmSync(stampOf(root), { force: true })
      report('compiling')
      await runCommand({
        context,
        part: 'build',
        command: process.execPath,
        args: [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'],
        remedy: 'correct the sources that the compiler names',
      })
      removeOrphans(root)
      report('bundling the workflows')
      await runCommand({
        context,
        part: 'build',
        command: process.execPath,
        args: [join(root, 'dist', 'commands', 'worker', 'bundle-workflows.js')],
        remedy: 'correct the workflows: what they import must be deterministic',
      })
      writeFileSync(stampOf(root), `${digest}\n`)
    })
  },
}

const stampOf = root => join(root, 'dist', '.build-stamp')

const sourceFolders = root => JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include

function filesUnder(root, folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true }).map(name => join(folder, name))
}

const sources = root =>
  sourceFolders(root)
    .flatMap(folder => filesUnder(root, folder))
    .filter(name => name.endsWith('.ts') || (name.endsWith('.mjs') && !name.startsWith('scripts')))

/** Names, sizes and times of the sources: a file that was taken away changes it too. */
function digestOf(root) {
  const hash = createHash('sha256')
  for (const name of [...configuration, ...sources(root)].sort()) {
    const { size, mtimeMs } = statSync(join(root, name))
    hash.update(`${name} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** What the compiler once made of a source that is gone: a test among it would still run. */
function removeOrphans(root) {
  const made = new Set(sources(root).map(name => name.replace(/\.ts$/, '.js')))
  for (const name of sourceFolders(root).flatMap(folder => filesUnder(join(root, 'dist'), folder))) {
    const script = name.replace(/\.map$/, '')
    if (/\.m?js$/.test(script) && !made.has(script)) rmSync(join(root, 'dist', name))
  }
}
