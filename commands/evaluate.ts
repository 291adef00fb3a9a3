/**
 * `rlev evaluate CHECKPOINT`: the metrics of any policy on any data. It is an experiment of no training steps, so it is resumed, watched,
 * verified, kept and tracked like every other one.
 */

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { namesIn } from '../activities/store/files.js'
import { readEvaluations } from '../activities/store/runs.js'
import { digest, experimentKey } from '../pipelines/config/digest.js'
import { loadPlan } from '../pipelines/config/load.js'
import type { ExperimentConfig, Plan } from '../pipelines/config/schema.js'
import { given } from '../pipelines/given.js'
import { printFailures } from './follow.js'
import { type BeginOptions, launchPlan } from './launch.js'
import { checked, overrideOf } from './plan/checked.js'
import type { RunView } from './runs/run-view.js'
import type { Home } from './services/home.js'
import { projectFolder } from './services/project.js'
import { toJson } from './text/json.js'

export interface EvaluateOptions extends BeginOptions {
  /** Folder in Hugging Face form. */
  checkpoint: string
  /** Every row of it is answered; without it the test items of the config. */
  data?: string | undefined
  config?: string | undefined
  /** Sampled responses an item, beside the greedy one. */
  samples?: number | undefined
  json?: boolean | undefined
}

/** The exit status. Throws ConfigInvalid or CallInvalid for everything that is wrong with the call. */
export function evaluate(options: EvaluateOptions): Promise<number> {
  const { config: path = join(projectFolder, 'configs', 'evaluate.yaml'), json = false } = options
  return launchPlan({
    ...options,
    ...checked(planOf(options, path), path),
    place: path,
    // Whoever reads JSON from standard output wants nothing else there.
    stream: json ? process.stderr : process.stdout,
    ...(json ? { print: printJson } : {}),
  })
}

function planOf({ checkpoint, data, samples = 0, seed, name, set = [] }: EvaluateOptions, path: string): Plan {
  const sections = {
    policy: { path: resolve(checkpoint) },
    ...(data === undefined ? {} : { data: { train: resolve(data), testShare: 1 } }),
    steps: 0,
    sweep: null,
  }
  const overrides = { ...Object.fromEntries(set.map(overrideOf)), 'evaluation.samples': samples }
  const load = (overrides: Record<string, unknown>) => loadPlan({ path, sections, overrides, ...given({ seed }) })
  if (name !== undefined) return load({ ...overrides, name })
  const plan = load(overrides)
  if (plan.kind === 'sweep') throw new Error('a plan without its sweep is one experiment')
  return load({ ...overrides, name: `${plan.name.slice(0, 50)}-${digestOf(plan.config)}` })
}

/** The same call comes back to the same evaluation, and files that have changed since make another one. */
function digestOf(config: ExperimentConfig): string {
  const { data, policy } = config
  const files = [
    ...(data.source === 'file' ? [data.train, ...(data.test === undefined ? [] : [data.test])] : []),
    ...(policy.from === 'checkpoint' ? namesIn(policy.path).map(file => join(policy.path, file)) : []),
  ]
  const facts = files.map(file => {
    const { size, mtimeMs } = statSync(file)
    return { file, size, mtimeMs }
  })
  return digest({ experiment: experimentKey(config), facts }).slice(0, 10)
}

function printJson(home: Home, view: RunView): number {
  const { name, state, pages, reportPath } = view
  const evaluation = readEvaluations(home.path, name).at(-1)?.evaluation
  console.log(toJson({ name, state, evaluation: evaluation ?? null, reportPath, pages }))
  return printFailures(home, view)
}
