/** What a run in this process leaves, reduced to what must not depend on how it was disturbed. */
import { join } from 'node:path'
import { digestOfFile, namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName } from '../../activities/store/runs/run-folder.js'
import { readEvaluations, readMetrics } from '../../activities/store/runs/runs.js'

/** By what it is: the sha256 of each file of the last checkpoint, and every value of every step. Times and `perf/*` differ by nature. */
export function outcomeOf(home: string, id: string, steps: number): Map<string, string> {
  const outcome = new Map<string, string>()
  const folder = join(experimentPaths.checkpoints(runFolder(home, id)), stepName(steps))
  for (const name of namesIn(folder).filter(name => name !== 'manifest.json')) {
    outcome.set(`checkpoint ${name}`, digestOfFile(join(folder, name))?.sha256 ?? '')
  }
  for (const { step, values } of readMetrics(home, id)) {
    for (const [key, value] of Object.entries(values)) {
      if (!key.startsWith('perf/')) outcome.set(`${key} of step ${step}`, String(value))
    }
  }
  for (const { evaluation } of readEvaluations(home, id)) {
    outcome.set(`evaluation of step ${evaluation.step}`, JSON.stringify(evaluation))
  }
  return outcome
}

/** A sentence for each thing in which they differ, at most a few. */
export function differencesOf(what: string, expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>) {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter(key => expected.get(key) !== found.get(key))
    .slice(0, 3)
    .map(key => `${what}: ${key} is ${shortly(found.get(key))}, undisturbed ${shortly(expected.get(key))}`)
}

function shortly(value = 'missing'): string {
  return value.length > 80 ? `${value.slice(0, 80)}...` : value
}
