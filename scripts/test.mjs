/**
 * Runs the compiled tests: those of single parts two files at a time, then those that need real services
 * (`*.service.test.js`) one file at a time, because each of them needs the machine's memory.
 *
 *   node scripts/test.mjs                     every test
 *   node scripts/test.mjs rewards estimators  the files whose path holds one of these words
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTestFile } from './test/run-file.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const tests = join(root, 'dist', 'test')
const words = process.argv.slice(2)
const minute = 60_000
const phases = [
  { title: 'single parts', wide: 2, limit: 6 * minute, holds: name => !name.endsWith('.service.test.js') },
  { title: 'with services', wide: 1, limit: 20 * minute, holds: name => name.endsWith('.service.test.js') },
]

const files = existsSync(tests)
  ? readdirSync(tests, { recursive: true })
      .filter(name => name.endsWith('.test.js'))
      .filter(name => words.length === 0 || words.some(word => join('test', name).includes(word)))
      .sort()
  : []
if (files.length === 0) {
  console.error(
    `no test file${words.length > 0 ? ` whose path holds ${words.join(' or ')}` : ''} in ${tests}; build by \`npm run setup\``,
  )
  process.exit(1)
}

const env = { ...process.env, ...libraryPath(), TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' }
const began = performance.now()
const failed = []
let count = 0

// A test file's process hears nothing of a signal that only this one gets.
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupt.abort(signal))

for (const { title, wide, limit, holds } of phases) {
  const waiting = files.filter(holds)
  if (waiting.length === 0) continue
  console.log(`${title}: ${waiting.length} ${waiting.length === 1 ? 'file' : 'files'}`)
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined && !interrupt.signal.aborted; name = waiting.shift()) {
      const outcome = await runTestFile({ file: join(tests, name), cwd: root, env, limit, interrupt: interrupt.signal })
      count += outcome.tests
      const line = `${name.replace(/\.js$/, '')} (${outcome.tests} tests, ${(outcome.milliseconds / 1000).toFixed(1)} s)`
      if (outcome.failure === undefined) {
        console.log(`  ok     ${line}`)
      } else {
        failed.push(name)
        console.log(`  FAILED ${line}: ${outcome.failure}\n${outcome.output.replace(/^/gm, '         ')}`)
      }
    }
  }
  await Promise.all(Array.from({ length: wide }, lane))
}

const seconds = ((performance.now() - began) / 1000).toFixed(0)
console.log(
  `${files.length} files, ${count} tests, ${seconds} s: ${failed.length === 0 ? 'all passed' : `${failed.length} failed`}`,
)
for (const name of failed) console.log(`  ${name}`)
const { aborted, reason } = interrupt.signal
if (aborted) console.log(`  and ended early by ${reason}`)
process.exitCode = aborted ? 128 + constants.signals[reason] : failed.length === 0 ? 0 : 1

/** CUDA's libraries must be on the loader's path before a process starts. */
function libraryPath() {
  const file = join(root, 'node_modules', '.rlev', 'parts.json')
  const folders = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).tensorflow?.libraryFolders ?? []) : []
  if (folders.length === 0) return {}
  return {
    LD_LIBRARY_PATH: [...folders, ...(process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : [])].join(':'),
  }
}
