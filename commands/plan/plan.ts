/** `rlev plan CONFIG`: what `run` or `sweep` would do with a config. Starts nothing, writes nothing. */

import type { PreflightFinding } from '../../pipelines/advantages/planned-arm.js'
import { baselineOf } from '../../pipelines/config/baselines.js'
import { configDifference, type Difference } from '../../pipelines/config/difference.js'
import { namingParts } from '../../pipelines/config/hub-names.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { badRowLines } from '../../pipelines/data/files/read-items.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { printable } from '../../pipelines/printable.js'
import { layOutTable } from '../../pipelines/text/table.js'
import { openHome } from '../services/home.js'
import { formatCount, formatEstimate } from '../text/format.js'
import { type CheckedPlan, checkedPlan, referenceConfig } from './checked.js'
import { type Cost, costOf, countsOf } from './cost.js'
import { dataLines, type PlannedData, plannedData } from './data.js'
import { diskLines, diskOfPlan, type PlanDisk } from './disk.js'
import { memoryLines, memoryOfPlan, type PlanMemory } from './memory.js'
import { keysFromDefaults, mainNumbers, plannedValue, type ResolvedKey } from './resolved.js'
import { threadsLine } from './threads.js'

export interface PlanOptions {
  /** Where the run would be kept, for the room on its disk. */
  home?: string | undefined
  config?: string | undefined
  name?: string | undefined
  seed?: number | undefined
  set?: readonly string[]
  keys?: boolean | undefined
  json?: boolean | undefined
}

/** @throws RlevError where `run` or `sweep` would refuse the config. */
export async function plan({ config, keys = false, json = false, home, ...call }: PlanOptions): Promise<void> {
  if (keys) return printKeys({ ...call, config, json })
  if (config === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'no config was given',
      expected: 'the path of a YAML file, or --keys for what can stand in one',
      remedy: 'rlev plan configs/quickstart.yaml',
    })
  }
  const outline = await outlineOf(await checkedPlan({ ...call, config }), openHome(home).path)
  console.log(printable(json ? JSON.stringify(outline, null, 2) : textOf(outline)))
}

/** What is printed, as text and as JSON. */
interface Outline {
  name: string
  kind: Plan['kind']
  /** `against`: what an arm differs from, where arms have several baselines. */
  arms: { name: string; role?: 'baseline' | 'placebo'; against?: string; differs: Difference[] }[]
  seeds: readonly number[]
  concurrency: number
  endpoint?: string
  /** Resolved, defaults filled in: of the experiment, or of the baseline with the first seed. */
  config: ExperimentConfig
  /** What of `config` is not the default. */
  fromDefaults: readonly ResolvedKey[]
  /** `transfer`: of the further test sets. */
  items: { train: number; test: number; transfer: number; skipped: number }
  /** Bad rows that are left out, by reason. */
  skipped: string[]
  /** Of data files. */
  data?: PlannedData
  findings: PreflightFinding[]
  cost: Cost
  memory: PlanMemory | null
  disk: PlanDisk
  /** Of TensorFlow, if they are more than one. */
  threads?: string
  warnings: readonly string[]
}

async function outlineOf({ decided, data, policies, findings }: CheckedPlan, home: string): Promise<Outline> {
  const plan = await decided(home)
  const dataset = await data()
  const items = countsOf(dataset)
  const facts = await policies()
  const config = referenceConfig(plan)
  return {
    name: plan.name,
    kind: plan.kind,
    ...armsOf(plan),
    config,
    fromDefaults: keysFromDefaults(plan, config),
    items: { ...items, skipped: dataset.skipped.length },
    skipped: badRowLines(dataset.skipped, MAX_SKIPPED),
    ...given({ data: await plannedData(dataset, config) }),
    findings: await findings(),
    cost: costOf(plan, items),
    memory: await memoryOfPlan(plan, dataset, facts),
    disk: await diskOfPlan({ plan, items, facts, home }),
    ...given({ threads: threadsLine(plan) }),
    warnings: [...plan.warnings, ...dataset.warnings.map(({ place, reason }) => `${place}: ${reason}`)],
  }
}

/** Lines of bad rows. */
const MAX_SKIPPED = 10

function armsOf(plan: Plan): Pick<Outline, 'arms' | 'seeds' | 'concurrency' | 'endpoint'> {
  if (plan.kind === 'experiment') {
    return { arms: [{ name: plan.name, differs: [] }], seeds: [plan.config.seed], concurrency: 1 }
  }
  const { placebo, seeds, concurrency, endpoint, versus } = plan.settings
  const arms = plan.arms.map(({ name, config }) => {
    const against = baselineOf(plan.settings, name)
    const reference = plan.arms.find(other => other.name === against)
    return {
      name,
      ...(against === null ? { role: 'baseline' as const } : {}),
      ...(placebo.includes(name) ? { role: 'placebo' as const } : {}),
      ...(against === null || versus === undefined ? {} : { against }),
      differs: reference === undefined ? [] : configDifference(reference.config, config),
    }
  })
  return { arms, seeds, concurrency, endpoint }
}

function textOf({
  name,
  kind,
  arms,
  seeds,
  concurrency,
  endpoint,
  config,
  fromDefaults,
  items,
  skipped,
  data,
  findings,
  cost,
  memory,
  disk,
  threads,
  warnings,
}: Outline): string {
  const head =
    kind === 'sweep'
      ? [
          `${name}: a sweep of ${arms.length} arms x ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'} (${seeds.join(', ')}) = ${cost.experiments} experiments, ${concurrency} at a time`,
          `endpoint: ${endpoint}`,
        ]
      : [`${name}: one experiment, seed ${seeds.join('')}`]
  const several = arms.some(({ against }) => against !== undefined)
  const rows = arms.map(({ name: arm, role, against, differs }) => [
    arm,
    role ?? (against === undefined ? '' : `with ${against}`),
    differenceText(differs),
  ])
  const columns = ['arm', 'role', `what differs from ${several ? 'that arm' : 'the baseline'}`].map(heading => ({
    heading,
  }))
  const further = items.transfer === 0 ? '' : `, ${items.transfer} of further test sets`
  const left = items.skipped === 0 ? '' : `, ${items.skipped} bad rows skipped:`
  return [
    ...head,
    '',
    ...(kind === 'sweep' ? [...layOutTable({ columns, rows }), ''] : []),
    ...configLines(
      { config, fromDefaults },
      kind === 'sweep' ? arms.find(({ role }) => role === 'baseline')?.name : undefined,
    ),
    `items: ${items.train} to train on, ${items.test} to test on${further}${left}`,
    ...skipped.map(line => `  ${line}`),
    ...dataLines(data),
    ...costLines(cost),
    ...memoryLines(memory, kind === 'sweep'),
    ...(threads === undefined ? [] : [threads]),
    ...diskLines(disk),
    '',
    ...findings.map(({ severity, sentence }) => `${severity}: ${sentence}`),
    ...warnings.map(warning => `warning: ${warning}`),
  ]
    .join('\n')
    .trimEnd()
}

/** `arm`: of a sweep, the arm whose config it is. */
function configLines({ config, fromDefaults }: Pick<Outline, 'config' | 'fromDefaults'>, arm?: string): string[] {
  const [first, ...others] = mainNumbers(config)
  const set = fromDefaults.map(({ path, value }) => `${path} ${JSON.stringify(value)}`)
  return [
    `config${arm === undefined ? '' : ` of ${arm}`}: ${first}`,
    ...others.map(line => `  ${line}`),
    `  not the default: ${set.length === 0 ? 'nothing' : set.join(', ')} (--keys or --json shows every key)`,
    '',
  ]
}

function differenceText(differs: readonly Difference[]): string {
  const written = (value: unknown) => (value === undefined ? 'absent' : JSON.stringify(value))
  return differs.map(({ path, a, b }) => `${path} ${written(b)}, not ${written(a)}`).join('; ')
}

function costLines({ responses, judged, tokens, warmStarts, predictors, seconds, basis }: Cost): string[] {
  const { trained, evaluated, predicted } = responses
  const parts = [
    `${formatCount(trained)} responses to train on`,
    `${formatCount(evaluated)} to evaluate`,
    ...(warmStarts === 0 ? [] : [warmStarts === 1 ? '1 warm start' : `${warmStarts} warm starts`]),
    ...(predictors === 0
      ? []
      : [
          `${predictors} score ${predictors === 1 ? 'predictor' : 'predictors'} saying ${formatCount(predicted)} scores`,
        ]),
  ]
  return [
    `cost: ${parts.join(', ')}; at most ${formatCount(tokens.trained + tokens.evaluated + tokens.predicted)} sampled tokens`,
    ...(judged === 0 ? [] : [`judge: at most ${formatCount(judged)} questions, each asked until it is answered`]),
    `time: ${seconds === undefined ? 'not known, because the checkpoint cannot be read here' : formatEstimate(seconds)} (${basis})`,
  ]
}

/** Every key; with a config, also what that has under it. */
async function printKeys({ config, json = false, ...call }: Omit<PlanOptions, 'keys'>): Promise<void> {
  const { describeKeys } = await import('../../pipelines/config/describe.js')
  const planned = config === undefined ? undefined : (await checkedPlan({ ...call, config, unread: namingParts })).plan
  const resolved = planned === undefined ? undefined : referenceConfig(planned)
  const keys = describeKeys().map(key =>
    planned === undefined || resolved === undefined ? key : { ...key, value: plannedValue(planned, key, resolved) },
  )
  if (json) return console.log(JSON.stringify(keys, null, 2))
  for (const { path, sentence, unit, ...key } of keys) {
    const head = `${path}${unit === undefined ? '' : ` (${unit})`}`
    const value = 'value' in key && key.value !== undefined ? `${JSON.stringify(key.value)}, ` : ''
    console.log(printable(`${head}${value === '' ? ', ' : ` = ${value}`}${presetText(key)}\n    ${sentence}`))
  }
}

function presetText({ default: preset, required }: { default: unknown; required: boolean }): string {
  if (preset !== undefined) return `default ${JSON.stringify(preset)}`
  return required ? 'must be given' : 'no default'
}
