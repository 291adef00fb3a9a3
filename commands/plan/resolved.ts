/** The config of a plan as it will run, defaults filled in: the main numbers, what differs from the defaults, and every key. */
import { isDeepStrictEqual } from 'node:util'
import { describeKeys, type KeyDescription } from '../../pipelines/config/describe.js'
import { rolloutPiece } from '../../pipelines/config/rollout-piece.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { kinds } from '../../pipelines/config/yaml/merge.js'

export interface ResolvedKey {
  /** Keys joined by dots, for example `reward.alpha`. */
  path: string
  value: unknown
}

/** The numbers that decide what a step is and how long a run takes, in two lines. */
export function mainNumbers(config: ExperimentConfig): string[] {
  const { steps, rollout, update, estimator, reward, kl, evaluation, checkpoint } = config
  const sampling = `${rollout.prompts} prompts x ${rollout.samples} responses a step, each at most ${rollout.maxTokens} tokens, temperature ${rollout.temperature}${stopText(rollout.stop)}${pieceText(config)}`
  const scale =
    reward.scale === 'correctness'
      ? 'scale correctness'
      : `scale ${reward.scale} (alpha ${reward.alpha}, cap ${reward.cap})`
  const divergence = kl.coefficient > 0 ? `, KL ${kl.coefficient}${klText(config)} in the ${kl.place}` : ''
  const learning = `${estimator.name}, ${scale}${divergence}, ${update.optimizer} at learning rate ${rateText(update.learningRate)}${scheduleText(config)}${updatesText(config)}`
  const pieces = evaluation.piece === undefined ? '' : `, in pieces of ${evaluation.piece} responses`
  const measuring = `evaluation every ${evaluation.every} steps with ${evaluation.samples} samples an item${pieces}, checkpoint every ${checkpoint.everySteps}`
  if (steps === 0)
    return [
      `0 steps: greedy responses of at most ${rollout.maxTokens} tokens, and ${evaluation.samples} samples an item${pieces}`,
    ]
  return [`${steps} steps; ${sampling}`, `${learning}; ${measuring}`]
}

function pieceText(config: ExperimentConfig): string {
  const piece = rolloutPiece(config)
  return piece === null ? '' : `, in pieces of ${piece} prompts`
}

function klText({ steps, kl: { schedule } }: ExperimentConfig): string {
  if (schedule === undefined || schedule === null) return ''
  return schedule.kind === 'linear'
    ? ` to ${schedule.end} at step ${schedule.steps ?? steps}`
    : ` at first, aimed at ${schedule.target} nats a token`
}

function scheduleText({ steps, update: { schedule } }: ExperimentConfig): string {
  if (schedule === undefined || schedule === null) return ''
  const { kind, warmup, floor } = schedule
  const rises = warmup === 0 ? [] : [`warm-up of ${warmup} steps`]
  const falls = kind === 'constant' ? [] : [`${kind} to ${floor} of it at step ${schedule.steps ?? steps}`]
  return ` (${[...rises, ...falls].join(', ')})`
}

/** `, ending at "\n\n"` */
function stopText(stop: ExperimentConfig['rollout']['stop']): string {
  const named = [...(stop?.strings ?? []), ...(stop?.tokens ?? [])].map(one => JSON.stringify(one))
  return named.length === 0 ? '' : `, ending at ${named.join(', ')}`
}

function updatesText({ update: { ppo, importanceCap, entropyCoefficient } }: ExperimentConfig): string {
  const parts = [
    ...(ppo === undefined || ppo === null || ppo.minibatches * ppo.epochs === 1
      ? []
      : [
          `${ppo.minibatches} minibatches x ${ppo.epochs} epochs with the ratio in ${short(1 - ppo.clipLow)} to ${short(1 + ppo.clipHigh)}`,
        ]),
    ...(importanceCap === undefined || importanceCap === null ? [] : [`importance weights up to ${importanceCap}`]),
    ...(entropyCoefficient === undefined || entropyCoefficient === null ? [] : [`entropy ${entropyCoefficient}`]),
  ]
  return parts.map(part => `, ${part}`).join('')
}

const short = (number: number): string => String(Number(number.toPrecision(6)))

function rateText(rate: number): string {
  return rate < 1e-3 ? rate.toExponential() : String(rate)
}

/** Keys whose value is another than the default, in schema order; name and seed are told elsewhere. */
export function keysFromDefaults(plan: Plan, config: ExperimentConfig): ResolvedKey[] {
  return describeKeys()
    .filter(({ path }) => path !== 'name' && path !== 'seed' && !path.startsWith('sweep.'))
    .flatMap(key => {
      const value = plannedValue(plan, key, config)
      return value === undefined || isDeepStrictEqual(value, defaultOf(key)) ? [] : [{ path: key.path, value }]
    })
}

/** What a plan has under a key of the schema; undefined if it has no such key, or if the key is told by those below it. */
export function plannedValue(plan: Plan, key: KeyDescription, config: ExperimentConfig): unknown {
  if (key.path.startsWith('sweep.'))
    return plan.kind === 'sweep' ? valueAt(plan.settings, key.path.slice('sweep.'.length)) : undefined
  if (!isOfKind(key, config)) return undefined
  const value = valueAt(config, key.path)
  if (kindDefaults.has(key.path) && key.expected !== value) return undefined
  return isSection(value, key) ? undefined : value
}

/** The keys that tell the kind of a section are described once for each kind. */
const kindDefaults = new Map(
  Object.entries(kinds).map(([section, { key, otherwise }]) => [`${section}.${key}`, otherwise]),
)

function defaultOf({ path, default: preset }: KeyDescription): unknown {
  return kindDefaults.get(path) ?? preset
}

/** `source: file` and the like: whether the config is of the kind that has the key. */
function isOfKind({ path, only }: KeyDescription, config: ExperimentConfig): boolean {
  const kind = /^(?<name>\w+): (?<value>.+)$/.exec(only ?? '')?.groups
  if (kind === undefined) return true
  const telling = `${path.split('.')[0]}.${kind['name']}`
  // A config leaves the kind of the local engine out.
  return (valueAt(config, telling) ?? kindDefaults.get(telling)) === kind['value']
}

/** A section that may be null is described beside its keys. */
function isSection(value: unknown, { expected }: KeyDescription): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    expected.startsWith('a map of keys with values: ')
  )
}

function valueAt(tree: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (node, key) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined),
      tree,
    )
}
