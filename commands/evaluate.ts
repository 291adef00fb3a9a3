/**
 * `rlev evaluate CHECKPOINT`: the metrics of any policy on any data. It is an experiment of no training steps, so it is resumed, watched,
 * verified, kept and tracked like every other one.
 */

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { namesIn } from '../activities/store/files.js'
import { readEvaluations } from '../activities/store/runs/runs.js'
import { digest, experimentKey } from '../pipelines/config/digest.js'
import { type HubUse, isHubName } from '../pipelines/config/hub-names.js'
import { loadPlan } from '../pipelines/config/load.js'
import type { ExperimentConfig, Plan } from '../pipelines/config/schema.js'
import { readExtended } from '../pipelines/config/yaml/extends.js'
import { at, plain } from '../pipelines/config/yaml/located.js'
import { RlevError } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { type BeginOptions, launchPlan } from './launch.js'
import { printFailures } from './live/follow.js'
import { checked, fetched, overrideOf } from './plan/checked.js'
import type { RunView } from './runs/run-view.js'
import type { Home } from './services/home.js'
import { projectFolder } from './services/project.js'
import { toJson } from './text/json.js'

export interface EvaluateOptions extends BeginOptions {
  /** Folder in Hugging Face form, or a name that stands for one (pipelines/config/hub-names.ts). */
  checkpoint: string
  /** Every row of it is answered; without it the test items of the config. */
  data?: string | undefined
  config?: string | undefined
  /** Sampled responses an item, beside the greedy one; by default what the config says, and none where it says nothing. */
  samples?: number | undefined
  json?: boolean | undefined
}

/** The exit status. Throws ConfigInvalid or CallInvalid for everything that is wrong with the call. */
export async function evaluate(options: EvaluateOptions): Promise<number> {
  const { config: path = join(projectFolder, 'configs', 'evaluate.yaml'), json = false } = options
  const stated = planOptionsOf(options, path)
  const plan = evaluationPlan(options, path, await fetched(stated))
  return launchPlan({
    ...options,
    ...checked(plan, path),
    place: path,
    // With --json, standard output holds the JSON only.
    stream: json ? process.stderr : process.stdout,
    ...(json ? { print: printJson } : {}),
  })
}

/** The plan of the call: of the config at `path`, with the checkpoint, the data and the keys that the call names. */
export function evaluationPlan(
  options: EvaluateOptions,
  path: string,
  localPaths: ReadonlyMap<string, string> = new Map(),
): Plan {
  const { overrides, ...others } = planOptionsOf(options, path)
  const load = (overrides: Record<string, unknown>) =>
    loadPlan({ ...others, overrides, localPaths, ...given({ seed: options.seed }) })
  const plan = load(overrides)
  if ('name' in overrides) return plan
  if (plan.kind === 'sweep') throw new Error('a plan without its sweep is one experiment')
  return load({ ...overrides, name: `${plan.name.slice(0, 50)}-${digestOf(plan.config)}` })
}

function planOptionsOf({ checkpoint, data, samples, name, set = [] }: EvaluateOptions, path: string) {
  const sections = {
    policy: { path: pathOf(checkpoint, 'model') },
    // A server evaluates its own base models, not a folder.
    engine: { kind: 'local' },
    ...(data === undefined ? {} : { data: { ...readingKeys(path), train: pathOf(data, 'only'), testShare: 1 } }),
    steps: 0,
    sweep: null,
  }
  const stated = set.map(overrideOf)
  for (const [key] of stated) refuseDecided(key, { data })
  const overrides: Record<string, unknown> = {
    ...Object.fromEntries(stated),
    ...given({ 'evaluation.samples': samples, name }),
  }
  return { path, sections, overrides, defaults: { 'evaluation.samples': 0 } }
}

const pathOf = (text: string, use: HubUse): string => (isHubName(text, use) ? text : resolve(text))

/** How the config reads a data file, which holds for the file of the call too. */
function readingKeys(path: string): Record<string, unknown> {
  const config = readExtended(path)
  const keys = ['form', 'fields', 'prompt', 'onBadRow']
  return Object.fromEntries(
    keys.flatMap(key => {
      const stated = at(config, ['data', key])
      return stated === undefined ? [] : [[key, plain(stated)]]
    }),
  )
}

/** Keys that the call itself decides; `--set` would evaluate something else than the call says. */
function refuseDecided(key: string, { data }: Pick<EvaluateOptions, 'data'>): void {
  const reason = /^policy(\.(path|from|name))?$/.test(key)
    ? 'the policy is that of the argument CHECKPOINT'
    : data !== undefined && /^data(\.(source|train|test|testShare))?$/.test(key)
      ? 'the data is that of --data, every row of it'
      : key === 'steps'
        ? 'an evaluation trains nothing'
        : /^sweep(\.|$)/.test(key)
          ? 'an evaluation is one experiment'
          : undefined
  if (reason === undefined) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${key} cannot be set here: ${reason}`,
    place: `--set ${key}`,
    expected: 'a key of reward, judge, rollout, evaluation or engine, among others',
    found: key,
    remedy: `leave out --set ${key}`,
  })
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
  const alarms = view.experiments.flatMap(experiment => experiment.alarms ?? [])
  const evaluation = readEvaluations(home.path, name).at(-1)?.evaluation
  console.log(toJson({ name, state, evaluation: evaluation ?? null, alarms, reportPath, pages }))
  return printFailures(home, view)
}
