/** The test files that a change concerns, in a small project with compiled modules and a branch. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'

const { concernedBy } = (await import(new URL('../../../scripts/test/changed.mjs', import.meta.url).href)) as {
  concernedBy: (options: { root: string; names: string[] }) => { names: string[]; why: string }
}

const root = mkdtempSync(join(tmpdir(), 'rlev-changed-'))
after(() => rmSync(root, { recursive: true, force: true }))

const git = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** A module with its compiled form. */
function module(path: string, text = ''): void {
  write(`${path}.ts`, text)
  write(`dist/${path}.js`, text)
}

const names = ['sum.test.js', 'far.test.js', 'program.test.js', 'other.test.js']
const concerned = () => concernedBy({ root, names })

before(() => {
  write('.gitignore', 'dist/\n')
  write('README.md', 'read')
  module('pipelines/sum')
  module('pipelines/far', "import { sum } from './sum.js'")
  module('commands/program', "const { far } = await import('../pipelines/far.js')")
  module('scripts/alone')
  module('test/sum.test', "import { sum } from '../pipelines/sum.js'")
  module('test/far.test', "import '../pipelines/far.js'")
  module('test/program.test', "fork(join(folder, 'commands', 'program.js'))")
  module('test/other.test')
  git('init', '--quiet', '--initial-branch', 'main')
  git('add', '.')
  git('commit', '--quiet', '--message', 'begin')
})
beforeEach(() => {
  git('checkout', '--quiet', '--force', 'main')
  git('clean', '--quiet', '--force')
})

test('nothing changed: no file', () => {
  assert.deepEqual(concerned(), { names: [], why: '0 changed since the last commit: 0 of 4 test files' })
})

test('who imports a changed module, or starts a program that imports it, is concerned', () => {
  write('pipelines/far.ts', 'changed')
  assert.deepEqual(concerned().names, ['far.test.js', 'program.test.js'])
  write('pipelines/sum.ts', 'changed')
  assert.deepEqual(concerned().names, ['sum.test.js', 'far.test.js', 'program.test.js'])
})

test('a changed test is concerned, and so is one that git does not know yet', () => {
  write('test/other.test.ts', 'changed')
  write('test/new.test.ts', 'new')
  assert.deepEqual(concernedBy({ root, names: [...names, 'new.test.js'] }).names, ['other.test.js', 'new.test.js'])
})

test('commits of a branch count as changes since it left main', () => {
  git('checkout', '--quiet', '-B', 'branch')
  write('pipelines/far.ts', 'changed on a branch')
  git('commit', '--quiet', '--all', '--message', 'change')
  const { names: found, why } = concerned()
  assert.deepEqual(found, ['far.test.js', 'program.test.js'])
  assert.match(why, /^1 changed since main \([0-9a-f]{7}\): 2 of 4 test files$/)
})

test('a file of another kind, a module that is gone, and one that nobody names concern every file', () => {
  write('README.md', 'written')
  assert.deepEqual(concerned(), { names, why: 'README.md differs from the last commit: every test file' })
  git('checkout', '--quiet', '.')
  rmSync(join(root, 'pipelines/far.ts'))
  assert.deepEqual(concerned().names, names)
  git('checkout', '--quiet', '.')
  write('scripts/alone.ts', 'changed')
  assert.deepEqual(concerned().names, names)
})
