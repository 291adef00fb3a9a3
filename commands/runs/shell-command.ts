/** Commands as the reader can type them again: by the path this one was called by, and for the same home. */
import { existsSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import type { Home } from '../services/home.js'

/** `bin/rlev watch quickstart --home elsewhere`. */
export function commandFor(home: Home, ...words: readonly string[]): string {
  const usual = resolve(process.env['RLEV_HOME'] || '.rlev')
  const place = home.path === usual ? [] : ['--home', relativeIfShorter(home.path)]
  return [program(), ...words, ...place].map(quoted).join(' ')
}

/** The words that a plan's own file was called with stay apart from shell syntax. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function program(): string {
  const called = process.argv[1] ?? ''
  if (basename(called) !== 'rlev') return existsSync(join('bin', 'rlev')) ? 'bin/rlev' : 'rlev'
  const path = relativeIfShorter(called)
  return path === 'rlev' ? './rlev' : path
}

function relativeIfShorter(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || near === '' ? path : near
}
