/** Verifiers of the user in a config: their path, their identity, and what is said where they cannot be read. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { experimentKey } from '../../../pipelines/config/digest.js'
import { loadPlan } from '../../../pipelines/config/load.js'
import { readProgram } from '../../../pipelines/config/program.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-program-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, content: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

const typed = `
  import type { Verify } from 'rlev'
  import { same } from './rules/same.js'
  import list from './list.json'
  const verify: Verify = ({ answer, reference }) => same(answer as string, reference) && list.length === 2
  export default verify`

function writeModule(): string {
  write('rules/same.ts', 'export const same = (a: string, b: string): boolean => a === b')
  write('list.json', '[1, 2]')
  return write('verifier.ts', typed)
}

function configOf(keys: string): ExperimentConfig {
  const plan = loadPlan({ path: write('config.yaml', `name: own\nreward:\n${keys}\n`) })
  if (plan.kind !== 'experiment') throw new Error('an experiment')
  return plan.config
}

test('a module in TypeScript with local imports and JSON becomes one file that runs by itself', async () => {
  const { code } = readProgram(writeModule())
  const alone = join(mkdtempSync(join(tmpdir(), 'rlev-program-')), 'alone.mjs')
  writeFileSync(alone, code)
  const { default: verify } = await import(pathToFileURL(alone).href)
  assert.deepEqual([verify({ answer: '7', reference: '7' }), verify({ answer: '6', reference: '7' })], [true, false])
  rmSync(dirname(alone), { recursive: true })
})

test('packages that it imports are a part of it, in either form of modules', async () => {
  write('node_modules/old-style/index.js', 'const path = require("path"); exports.base = text => path.basename(text)')
  const path = write(
    'verifier.js',
    'import { base } from "old-style"\nexport const verify = ({ answer }) => base(answer) === "7"',
  )
  const before = readProgram(path)
  const alone = write('elsewhere/alone.mjs', before.code)
  assert.equal((await import(pathToFileURL(alone).href)).verify({ answer: 'a/7' }), true)
  write('node_modules/old-style/index.js', 'exports.base = text => text')
  assert.notEqual(readProgram(path).digest, before.digest)
})

test('the identity is that of the module and of what it imports, wherever the folder is', () => {
  const path = writeModule()
  const { digest } = readProgram(path)
  write('beside.ts', 'export const other = 1')
  assert.equal(readProgram(path).digest, digest, 'a file that it does not import')

  const here = folder
  folder = mkdtempSync(join(tmpdir(), 'rlev-program-'))
  assert.equal(readProgram(writeModule()).digest, digest, 'in another folder')
  rmSync(folder, { recursive: true })
  folder = here

  for (const [name, content] of [
    ['verifier.ts', `${typed}\n// a comment`],
    ['rules/same.ts', 'export const same = (a: string, b: string): boolean => a.trim() === b'],
    ['list.json', '[1, 2, 3]'],
  ] as const) {
    writeModule()
    write(name, content)
    assert.notEqual(readProgram(path).digest, digest, name)
  }
})

test('a config names it relative to itself, and holds its digest; both decide what the run is', () => {
  const path = writeModule()
  const config = configOf('  verifier: ./verifier.ts')
  assert.equal(config.reward.verifier, path)
  assert.equal(config.reward.verifierDigest, readProgram(path).digest)
  write('list.json', '[3, 4]')
  const changed = configOf('  verifier: ./verifier.ts')
  assert.notEqual(experimentKey(changed), experimentKey(config))
  // How long it may take, and where it lies, does not.
  const patient = { ...changed.reward, timeoutMs: 60_000, verifier: '/elsewhere/verifier.ts' as const }
  assert.equal(experimentKey({ ...changed, reward: patient }), experimentKey(changed))
})

test('what is wrong with it is told with its place', () => {
  assert.throws(
    () => configOf('  verifier: ./missing.ts'),
    /config\.yaml:3:13: the verifier is missing[\s\S]*missing\.ts/,
  )
  write('broken.ts', 'export default (a) => {\n  return a +\n}')
  assert.throws(
    () => configOf('  verifier: ./broken.ts'),
    /broken\.ts:3:1: the verifier cannot be read[\s\S]*Unexpected "}"/,
  )
  write('lost.ts', 'import { a } from "./nowhere.js"\nexport default () => a')
  assert.throws(() => configOf('  verifier: ./lost.ts'), /lost\.ts:1:19: [\s\S]*Could not resolve "\.\/nowhere\.js"/)
  write('native.ts', 'import a from "./a.node"\nexport default () => a')
  write('a.node', 'x')
  assert.throws(
    () => configOf('  verifier: ./native.ts'),
    /No loader is configured for "\.node"[\s\S]*reward\.endpoint/,
  )
  writeModule()
  const stated = `  verifier: ./verifier.ts\n  verifierDigest: ${'a'.repeat(64)}`
  assert.throws(() => configOf(stated), /config\.yaml:4:19: the verifier .* is another one than reward\.verifierDigest/)
  assert.throws(
    () => configOf('  verifier: ./verifier.py'),
    /reward\.verifier[\s\S]*the path of a \.ts, \.mts, \.js or \.mjs file/,
  )
})

test('keys that another way of marking leaves without effect are told', () => {
  const endpoint = '  endpoint: {url: http://127.0.0.1:9000/mark, name: marker-1'
  assert.throws(() => configOf(`  verifier: numeric\n${endpoint}}`), /reward\.verifier has no effect/)
  assert.throws(() => configOf(`${endpoint}, attempts: 1, backoffMs: 10}`), /backoffMs has no effect/)
  const warnings = (keys: string) =>
    loadPlan({ path: write('config.yaml', `name: own\nreward:\n${keys}\n`) }).warnings.join()
  assert.match(warnings('  timeoutMs: 100'), /reward\.timeoutMs has no effect: the verifier exact always ends/)
  assert.match(warnings(`  timeoutMs: 100\n${endpoint}}`), /the limit is reward\.endpoint\.timeoutMs/)
  writeModule()
  assert.match(warnings('  verifier: ./verifier.ts\n  tolerance: 0.1'), /reward\.tolerance has no effect/)
  assert.throws(
    () => configOf('  endpoint: {url: "http://user:pass@127.0.0.1/", name: marker-1, keyVariable: PATH}'),
    /without a login[\s\S]*ends in _KEY/,
  )
})
