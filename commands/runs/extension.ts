/**
 * Further steps for a run that is over. Its journal, its checkpoints and its moments of AdamW stay, and steps are drawn by their numbers,
 * so an extended run has the bits of one that had the steps from the start. That holds if the number of steps changes no step that is
 * made; an extension that would change one is refused.
 */
import { existsSync } from 'node:fs'
import { failPoint } from '../../activities/fail-points/fail-point.js'
import { replaceDigested } from '../../activities/store/digest-beside.js'
import { addExtension, type Extension, originalKey } from '../../activities/store/runs/provenance.js'
import { experimentPaths, planPaths, runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { contradictions } from '../../pipelines/config/contradictions.js'
import { configDifference } from '../../pipelines/config/difference.js'
import { evaluationDue } from '../../pipelines/config/due-steps.js'
import { type ExperimentConfig, experimentSchema, type Plan } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { configOfStep } from '../../pipelines/training/step-config.js'

/** The plan with so many steps. @throws RlevError CallInvalid or ConfigInvalid if the run cannot be extended to them. */
export function extendedPlan(before: Plan, steps: number): Plan {
  const configs = before.kind === 'experiment' ? [before.config] : before.arms.map(({ config }) => config)
  for (const config of configs) refuseFewer(before.name, config, steps)
  const longer = (config: ExperimentConfig): ExperimentConfig => {
    const extended = { ...config, steps }
    refuseInvalid(before.name, config, extended)
    refuseOtherSteps(before.name, config, extended)
    return extended
  }
  if (before.kind === 'experiment') return { ...before, config: longer(before.config) }
  const lengths = [...new Set(configs.map(config => config.steps))]
  if (lengths.length > 1) {
    throw refused(before.name, {
      message: 'the arms of this sweep have different numbers of steps',
      found: before.arms.map(({ name, config }) => `${name}: ${config.steps}`).join(', '),
      remedy: '`rlev clone` starts a new run from a checkpoint of one experiment',
    })
  }
  return { ...before, arms: before.arms.map(arm => ({ ...arm, config: longer(arm.config) })) }
}

/** Equal is allowed: the call is made again after an interruption. */
function refuseFewer(place: string, config: ExperimentConfig, steps: number): void {
  if (config.steps === 0) {
    throw refused(place, {
      message: 'an evaluation trains nothing, so it has no further steps',
      remedy: 'train from the same checkpoint with `rlev run`',
    })
  }
  if (steps >= config.steps) return
  throw refused(place, {
    message: 'a run is extended, not shortened',
    expected: `more than ${config.steps} steps`,
    found: String(steps),
    remedy: '`rlev clone NAME NEW --from-step N` starts a new run from an earlier checkpoint',
  })
}

/** What the longer run contradicts and the run as it is does not. */
function refuseInvalid(name: string, before: ExperimentConfig, config: ExperimentConfig): void {
  const parsed = experimentSchema.safeParse(config)
  if (!parsed.success) {
    const found = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    throw new RlevError({ kind: 'ConfigInvalid', message: 'the run cannot have so many steps', place: name, found })
  }
  const problemsWith = (subject: ExperimentConfig) =>
    contradictions({ config: subject, given: () => false, placebo: false }).filter(
      ({ severity }) => severity === 'refuse',
    )
  const known = new Set(problemsWith(before).map(({ message }) => message))
  const problem = problemsWith(config).find(({ message }) => !known.has(message))
  if (problem === undefined) return
  const { message, key, expected, found, remedy } = problem
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: `with ${config.steps} steps, ${message}`,
    place: `${name}, ${key}`,
    ...given({ expected, found, remedy }),
  })
}

/** What a schedule gives a step may depend on the number of steps. */
function refuseOtherSteps(place: string, before: ExperimentConfig, after: ExperimentConfig): void {
  for (let step = 1; step <= before.steps; step++) {
    const difference = configDifference(configOfStep(before, step), configOfStep(after, step))
    const changed = difference.filter(({ path }) => path !== 'steps')
    if (changed.length === 0) continue
    throw new RlevError({
      kind: 'ConfigInvalid',
      message:
        'steps that are made would have been made otherwise in a longer run: a schedule depends on the number of steps',
      place: `${place}, step ${step}`,
      expected: changed.map(({ path, a }) => `${path} = ${JSON.stringify(a)}`).join(', '),
      found: changed.map(({ path, b }) => `${path} = ${JSON.stringify(b)}`).join(', '),
      remedy:
        'a schedule with its own number of steps (update.schedule.steps, kl.schedule.steps) can be extended; `rlev clone` starts a new run from the last checkpoint',
    })
  }
}

function refused(place: string, parts: { message: string; expected?: string; found?: string; remedy: string }) {
  return new RlevError({ kind: 'CallInvalid', place, ...parts })
}

/** What an extended run has and one of so many steps from the start has not, a sentence each. */
export function extensionNotes(before: Plan, after: Plan): string[] {
  const was = experimentsOf(before)[0]?.config
  const is = experimentsOf(after)[0]?.config
  if (was === undefined || is === undefined || evaluationDue(was.steps, is)) return []
  return [
    `The evaluation after step ${was.steps} stays, which a run of ${is.steps} steps would not have (evaluation.every is ${is.evaluation.every}): means over all evaluations include it. Weights, moments and steps are the same.`,
  ]
}

/** Notes the extension, then changes the configs and last the plan. A call that is interrupted is made again. */
export function extendRun(home: string, before: Plan, after: Plan): void {
  const { name } = before
  addExtension({ home, id: name, extension: extensionOf(home, before, after) })
  failPoint('extend.noted')
  for (const { id, config } of experimentsOf(after)) {
    const path = experimentPaths.config(runFolder(home, id))
    // Of an experiment that has not begun, the config is frozen when it does.
    if (existsSync(path)) replaceDigested(path, json(config))
  }
  failPoint('extend.configs')
  replaceDigested(planPaths.plan(runFolder(home, name)), json(after))
  failPoint('extend.plan')
}

function extensionOf(home: string, before: Plan, after: Plan): Extension {
  const steps = new Map(experimentsOf(after).map(({ id, config }) => [id, config.steps]))
  const experiments = experimentsOf(before).map(({ id, config }) => [
    id,
    { from: config.steps, to: steps.get(id) ?? config.steps, key: originalKey(home, id, config) },
  ])
  return { time: Date.now(), experiments: Object.fromEntries(experiments) as Extension['experiments'] }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
