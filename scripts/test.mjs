/**
 * Runs the compiled tests in batches, several at a time: what failed in the last run first, then the files without
 * services, then those that start a server or a browser (`*.service.test.js`).
 *
 *   node scripts/test.mjs                     every test
 *   node scripts/test.mjs --quick             those without services
 *   node scripts/test.mjs --changed           those that a change since main concerns (changed.mjs)
 *   node scripts/test.mjs rewards estimators  the files whose path holds one of these words
 *   node scripts/test.mjs --lanes 1           one batch at a time (default: 3 without services, else 2 and up to 3 more while cores are
 *                                             idle; 1 if the machine has a GPU)
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isBundleFresh } from '../commands/worker/bundle-age.mjs'
import { batchesOf, hasServices, partsAtOnce, readTimes, writeTimes } from './test/batches.mjs'
import { concernedBy } from './test/changed.mjs'
import { cpuMilliseconds } from './test/cpu-time.mjs'
import { runBatch } from './test/run-batch.mjs'
import { fillSpareTime } from './test/spare-lane.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist', 'test')
const timesFile = join(root, 'node_modules', '.rlev', 'test-times.json')
const minute = 60_000
/** Of one file. */
const limitMs = { parts: 3 * minute, services: 20 * minute }
const slowestShown = 10

const shown = name => name.replace(/\.js$/, '')
const cpuText = milliseconds => (milliseconds > 0 ? `, CPU ${secondsText(milliseconds)}` : '')
const secondsText = milliseconds => `${(milliseconds / 1000).toFixed(1)} s`

const parts = readParts()
const { words, quick, changed, lanes, spareLanes } = readArguments()
const names = testNames()
const times = readTimes(timesFile)
const waiting = batchesOf(names, times)
const env = {
  ...process.env,
  ...libraryPath(),
  // As a worker has it (commands/services/workers.ts); more threads wait for each other on policies so small.
  TF_NUM_INTRAOP_THREADS: process.env.TF_NUM_INTRAOP_THREADS ?? '1',
  // Of operations that do not wait for each other: a handing over takes longer than an operation of a test.
  TF_NUM_INTEROP_THREADS: process.env.TF_NUM_INTEROP_THREADS ?? '1',
  TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2',
}

const began = performance.now()
const elapsed = () => secondsText(performance.now() - began)
const done = []
const failures = []

// A test file's process hears nothing of a signal that only this one gets.
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupt.abort(signal))

if (names.some(hasServices)) bundleWorkflows()
console.log(`${names.length} ${names.length === 1 ? 'file' : 'files'}, ${lanes} at a time${expectation()}`)
await Promise.all([...Array.from({ length: lanes }, () => lane()), ...partsLanes(), spareTime()])
writeTimes(timesFile, times)
summary()

async function lane(mayTake = () => true) {
  while (waiting.length > 0 && mayTake(waiting[0]) && !interrupt.signal.aborted) await runAndTell(waiting.shift())
}

/** Files without services wait too: for processes, for limits of time. So a lane more fills both cores. */
function partsLanes() {
  const count = spareLanes === 0 ? 0 : Math.max(0, partsAtOnce - lanes)
  return Array.from({ length: count }, () => lane(({ services }) => !services))
}

async function spareTime() {
  if (spareLanes === 0) return
  const hasMore = () => waiting.length > 0 && !interrupt.signal.aborted
  await fillSpareTime({ next: () => waiting.shift(), hasMore, run: runAndTell, maxAtOnce: spareLanes })
}

async function runAndTell(batch) {
  const outcome = await runBatch({
    folder,
    files: batch.names.map(name => join(folder, name)),
    cwd: root,
    env,
    limitMs: batch.names.length * (batch.services ? limitMs.services : limitMs.parts),
    interrupt: interrupt.signal,
  })
  for (const { name, tests, milliseconds, cpuMilliseconds: cpu, passed } of outcome.results) {
    // A file alone in its process is timed with its start.
    const time = batch.names.length === 1 ? outcome.milliseconds : milliseconds
    const failed = !passed || (batch.names.length === 1 && outcome.failure !== undefined)
    done.push({ name, tests, milliseconds: time })
    times[name] = { seconds: Math.round(time / 100) / 10, ...(failed && { failed }) }
    const count = String(done.length).padStart(String(names.length).length)
    const facts = `${tests} tests, ${secondsText(time)}${cpuText(cpu)}`
    console.log(`${failed ? 'FAILED' : 'ok    '} ${count}/${names.length}  ${shown(name)} (${facts})`)
  }
  if (outcome.failure === undefined) return
  const failed = outcome.results.filter(({ passed }) => !passed).map(({ name }) => name)
  const unfinished = batch.names.filter(name => !outcome.results.some(result => result.name === name))
  failures.push({ names: [...failed, ...unfinished], failure: outcome.failure })
  // The process died in the first of them: alone, it shows whether it did so by itself.
  const [first, ...rest] = batch.names.length > 1 ? unfinished : []
  if (rest.length > 0) waiting.unshift({ ...batch, names: rest })
  if (first !== undefined) waiting.unshift({ ...batch, names: [first] })
  const again = first === undefined ? '' : '; those that did not end run again, the first of them alone'
  console.log(`FAILED ${failures.at(-1).names.map(shown).join(', ')}: ${outcome.failure}${again}`)
  console.log(detailsOf(outcome.output, batch.names.length).replace(/^/gm, '       '))
}

/** Of several files what failed is enough, if the run came so far as to list it. */
function detailsOf(output, files) {
  const list = output.indexOf('✖ failing tests:')
  return (files > 1 && list >= 0 ? output.slice(list) : output).trimEnd()
}

function expectation() {
  if (!names.every(name => times[name] !== undefined)) return ''
  const seconds = names.reduce((sum, name) => sum + times[name].seconds, 0) / lanes
  return seconds < 90 ? `, about ${Math.ceil(seconds)} s` : `, about ${Math.ceil(seconds / 60)} min`
}

function summary() {
  if (done.length > slowestShown) {
    console.log('slowest files:')
    const slowest = [...done].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, slowestShown)
    for (const { name, milliseconds } of slowest)
      console.log(`  ${secondsText(milliseconds).padStart(8)}  ${shown(name)}`)
  }
  const tests = done.reduce((sum, file) => sum + file.tests, 0)
  const failed = failures.flatMap(failure => failure.names)
  console.log(
    `${done.length} files, ${tests} tests, ${elapsed()}${cpuText(cpuMilliseconds())}: ${failures.length === 0 ? 'all passed' : `${failed.length} failed`}`,
  )
  for (const { names: files, failure } of failures) console.log(`  ${files.map(shown).join(', ')}: ${failure}`)
  const { aborted, reason } = interrupt.signal
  if (aborted) console.log(`  and ended early by ${reason}`)
  process.exitCode = aborted ? 128 + constants.signals[reason] : failures.length === 0 ? 0 : 1
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        changed: { type: 'boolean', default: false },
        lanes: { type: 'string' },
      },
    })
    const onGpu = parts.tensorflow?.kind === 'gpu'
    const { quick, changed, lanes = onGpu ? '1' : '2' } = values
    if (!/^[1-9]\d?$/.test(lanes)) throw new Error(`--lanes takes a number from 1 to 99, not ${lanes}`)
    const spareLanes = values.lanes === undefined && !onGpu ? 3 : 0
    return { words: positionals, quick, changed, lanes: Number(lanes), spareLanes }
  } catch (error) {
    console.error(error.message)
    process.exit(2)
  }
}

/** Paths in the folder of compiled tests. One whose source is gone is left over from an older build. */
function testNames() {
  const compiled = existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
  const found = compiled
    .filter(name => name.endsWith('.test.js') && existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
    .filter(name => !quick || !hasServices(name))
    .filter(name => words.length === 0 || words.some(word => join('test', name).includes(word)))
  if (found.length > 0) return changed ? concerned(found) : found
  const which = words.length > 0 ? ` whose path holds ${words.join(' or ')}` : ''
  console.error(`no test file${which} in ${folder}; build by \`npm run setup\``)
  process.exit(1)
}

function concerned(found) {
  const { names: some, why } = concernedBy({ root, names: found })
  console.log(why)
  return some
}

/** After `tsc` alone the bundle is older than the workflows, and each worker would make one at its start. */
function bundleWorkflows() {
  if (isBundleFresh(join(root, 'dist'))) return
  console.log('bundling the workflows')
  execFileSync(process.execPath, [join(root, 'dist', 'commands', 'worker', 'bundle-workflows.js')], {
    stdio: 'inherit',
  })
}

/** What set-up recorded; empty before it. */
function readParts() {
  const file = join(root, 'node_modules', '.rlev', 'parts.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** CUDA's libraries must be on the loader's path before a process starts. */
function libraryPath() {
  const folders = parts.tensorflow?.libraryFolders ?? []
  if (folders.length === 0) return {}
  return {
    LD_LIBRARY_PATH: [...folders, ...(process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : [])].join(':'),
  }
}
