/**
 * Which test files run together, and in which order. A file with services is a batch alone, because it may end them; the others
 * run several in a process. What failed in the last run comes first, then the files without services, then the longest first.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** So many files share a process, about. */
const maxFiles = 90
/** Of a batch: its process takes two to start. */
const leastSeconds = 5
/** As many batches of files without services run at once. */
export const partsAtOnce = 3
/** Seconds of a file that has not been timed yet, as in a fresh checkout: those that take long must not come last. */
const unknown = { services: 20, parts: 0.8 }
const long = {
  'drill/fail-points.service.test.js': 185,
  'workflows/interruptions.service.test.js': 180,
  'workflows/experiment/experiment.service.test.js': 135,
  'commands/paper.service.test.js': 130,
  'commands/sweep.service.test.js': 115,
  'commands/run.service.test.js': 95,
  'commands/keeping.service.test.js': 75,
  'drill/tinker.service.test.js': 70,
  'drill/kills.service.test.js': 70,
  'commands/outlives.service.test.js': 65,
  'workflows/messages/messages.service.test.js': 60,
  'drill/machines.service.test.js': 60,
  'activities/verifiers/own.service.test.js': 55,
  'activities/mlflow/proxy.service.test.js': 50,
  'commands/served-run.service.test.js': 50,
  'commands/worker/dead-workers.service.test.js': 45,
  'commands/services/services.service.test.js': 40,
  'activities/tinker/kill-drills.service.test.js': 40,
  'commands/evaluate.service.test.js': 35,
  'commands/pools.service.test.js': 35,
  'workflows/rollout-pieces.service.test.js': 35,
  'drill/stopped-worker.service.test.js': 30,
  'activities/tinker/training.service.test.js': 30,
  'activities/engine-process/engine-host.test.js': 28,
  'pipelines/training/transmission-measured.test.js': 20,
  'activities/rollouts/rollout-crashes.test.js': 19,
  'activities/verifiers/verifier-host.test.js': 16,
  'pipelines/engine/engine.test.js': 15,
  'commands/import-results/import-results.test.js': 13,
  'scripts/run-batch.test.js': 12,
  'scripts/drill/corruption.test.js': 12,
  'commands/known/fetch.test.js': 12,
  'workflows/replay.test.js': 11,
  'pipelines/model/parity.test.js': 10,
  'commands/verify/mishaps.test.js': 10,
  'activities/warm-start-states.test.js': 10,
  'hostile/templates.test.js': 10,
  'activities/training-options.test.js': 9,
  'pipelines/data/containers.test.js': 8,
}

export const hasServices = name => name.endsWith('.service.test.js')

/**
 * @param {string[]} names paths in the folder of compiled tests
 * @param {Record<string, { seconds: number, failed?: boolean }>} times of the last runs
 * @returns {{ names: string[], seconds: number, failed: boolean, services: boolean }[]} in the order in which they begin
 */
export function batchesOf(names, times) {
  const parts = names.filter(name => !hasServices(name)).sort()
  const batches = [...chunks(parts, times), ...names.filter(hasServices).map(name => [name])].map(files => ({
    names: files,
    services: hasServices(files[0]),
    seconds: files.reduce((sum, name) => sum + secondsOf(name, times), 0),
    failed: files.some(name => times[name]?.failed === true),
  }))
  return batches.sort(
    (a, b) => Number(b.failed) - Number(a.failed) || Number(a.services) - Number(b.services) || b.seconds - a.seconds,
  )
}

const secondsOf = (name, times) =>
  times[name]?.seconds ?? long[name] ?? (hasServices(name) ? unknown.services : unknown.parts)

/** Of files in order, with as many seconds each as may be, in so many that all that run at once end together. */
function chunks(files, times) {
  // Times are rounded, and no file takes none.
  const seconds = files.map(name => secondsOf(name, times) + 0.05)
  const total = seconds.reduce((sum, each) => sum + each, 0)
  const worthwhile = Math.ceil(total / leastSeconds)
  const count = Math.min(worthwhile, partsAtOnce * Math.ceil(files.length / (partsAtOnce * maxFiles)))
  const found = Array.from({ length: count }, () => [])
  let before = 0
  for (const [index, name] of files.entries()) {
    const middle = before + seconds[index] / 2
    before += seconds[index]
    found[Math.min(count - 1, Math.floor((count * middle) / total))].push(name)
  }
  return found.filter(chunk => chunk.length > 0)
}

export function readTimes(file) {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // Cut short by an interrupted run: the times are only a hint.
    return {}
  }
}

export function writeTimes(file, times) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(times, null, 1)}\n`)
}
