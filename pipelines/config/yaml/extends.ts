/** A file together with those it extends, each merged over the one below. */
import { realpathSync } from 'node:fs'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { configError } from '../problems.js'
import { at, type Located, withEntries } from './located.js'
import { merge } from './merge.js'
import { readYaml } from './read-yaml.js'

/** Files from the one that is called to the one that extends nothing. */
const maxChain = 10

/** The merged content of `path` and the files it extends, without the key `extends`. Throws ConfigInvalid, for a cycle too. */
export function readExtended(path: string): Located {
  return read(path, [])
}

function read(path: string, above: readonly string[]): Located {
  const file = readYaml(path)
  if (file.content.kind !== 'map') {
    throw configError([
      {
        place: file.place,
        message: 'the config is not a map',
        expected: 'keys with values, for example `name: first`',
      },
    ])
  }
  const extended = at(file, ['extends'])
  if (extended === undefined) return file
  const { content, place } = extended
  if (content.kind !== 'scalar' || typeof content.value !== 'string' || content.value === '') {
    throw configError([
      { place, message: 'extends names no file', expected: 'the path of one config, relative to this one' },
    ])
  }
  const base = isAbsolute(content.value) ? content.value : join(dirname(path), content.value)
  const chain = [...above, path]
  if (chain.some(other => same(other, base))) {
    throw configError([
      {
        place,
        message: 'the config extends itself',
        found: [...chain, base].join(' extends '),
        remedy: 'remove one of the extends',
      },
    ])
  }
  const found = real(base)
  if (found === null) {
    throw configError([
      { place, message: `there is no file ${base}`, expected: 'the path of a config, relative to this one' },
    ])
  }
  // Errors quote what they read. A config from another person must not make them quote private files.
  if (!['.yaml', '.yml'].includes(extname(found))) {
    throw configError([
      { place, message: 'extends names a file that is not a config', expected: 'a file in .yaml or .yml', found },
    ])
  }
  if (chain.length >= maxChain) {
    throw configError([
      { place, message: 'too many configs extend each other', expected: `at most ${maxChain} in a row` },
    ])
  }
  const own = new Map(file.content.entries)
  own.delete('extends')
  return merge(read(base, chain), withEntries(file, own))
}

function same(a: string, b: string): boolean {
  return real(a) !== null && real(a) === real(b)
}

/** Null where there is no such file. */
function real(path: string): string | null {
  try {
    return realpathSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
}
