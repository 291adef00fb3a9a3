/**
 * `rlev clone NAME NEW`: a new run with the config of another that starts from one of its checkpoints. Steps are counted from 0 again, and
 * the order of prompts and the moments of AdamW begin again, so it is not the continuation of that run; `rlev extend` is.
 */
import { armFailPoints, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { keepOrigin } from '../../activities/store/runs/origin.js'
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { refuseTrainedElsewhere } from '../import-results/refusals.js'
import { launchPlan } from '../launch.js'
import { checked, overrideOf } from '../plan/checked.js'
import { checkName, knownRun } from '../runs/run-names.js'
import { openHome } from '../services/home.js'
import { clonedPlan } from './cloned-plan.js'
import { clonedPolicy } from './cloned-policy.js'

export interface CloneOptions {
  home?: string | undefined
  /** Name of a run, or id of an experiment: NAME/ARM/seed-N. */
  name: string
  newName: string
  /** Checkpoint; 0: what the run started from; the newest unless said. */
  fromStep?: number | undefined
  /** `path=value` each. */
  set?: readonly string[]
  detach?: boolean | undefined
}

/** The exit status. */
export async function clone({ name, newName, fromStep, set = [], ...options }: CloneOptions): Promise<number> {
  armFailPoints(process.env[failPointVariable])
  const home = openHome(options.home)
  checkName(newName)
  const { id, config } = sourceOf(home.path, name)
  const { step, folder } = await clonedPolicy({ home: home.path, id, config }, fromStep)
  const overrides = Object.fromEntries(set.map(overrideOf))
  refusePolicy(overrides)
  const plan = clonedPlan({ config, name: newName, checkpoint: folder, overrides })
  process.stderr.write(`${newName} starts from ${step === 0 ? 'the start' : `step ${step}`} of ${id}\n`)
  // It has the threads of its origin.
  const { decided: _decided, ...whole } = checked(plan, `clone of ${id}`)
  return launchPlan({
    ...options,
    ...whole,
    place: `rlev clone ${name} ${newName}`,
    onFrozen: () => keepOrigin(home.path, newName, { experiment: id, step }),
  })
}

/** @throws RlevError CallInvalid for a sweep without an experiment, NotFound for an unknown name. */
function sourceOf(home: string, name: string): { id: string; config: ExperimentConfig } {
  const [run = ''] = name.split('/')
  refuseTrainedElsewhere(home, run, 'to start from')
  const experiments = experimentsOf(readPlan(home, knownRun(home, run)))
  const [first] = experiments
  const found = experiments.length === 1 && name === run ? first : experiments.find(({ id }) => id === name)
  if (found !== undefined) return found
  const listed = experiments.slice(0, MAX_LISTED).map(({ id }) => id)
  const more = experiments.length > MAX_LISTED ? ` (and ${experiments.length - MAX_LISTED} more)` : ''
  throw new RlevError({
    kind: 'CallInvalid',
    message:
      name === run ? `${name} is a sweep, and a clone starts from one experiment` : 'there is no such experiment',
    place: name,
    expected: `one of ${listed.join(', ')}${more}`,
    remedy: `rlev clone ${first?.id ?? run} NEW`,
  })
}

/** Experiments that an error lists. */
const MAX_LISTED = 8

function refusePolicy(overrides: Readonly<Record<string, unknown>>): void {
  const key = Object.keys(overrides).find(key => key === 'policy' || key.startsWith('policy.') || key === 'name')
  if (key === undefined) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: `${key} cannot be set here: the call itself says what the clone starts from and how it is called`,
    place: `--set ${key}`,
    remedy: `leave out --set ${key}`,
  })
}
