/** The plan of a config file as `plan`, `run` and `sweep` take it: overrides applied, everything checked, nothing started. */

import type { PreflightFinding } from '../../pipelines/advantages/planned-arm.js'
import { hubKey, type NamingPart } from '../../pipelines/config/hub-names.js'
import { isKnownText } from '../../pipelines/config/known-models.js'
import { hubNamesOf, loadPlan } from '../../pipelines/config/load.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { readExtended } from '../../pipelines/config/yaml/extends.js'
import { at, plain } from '../../pipelines/config/yaml/located.js'
import { parseYaml } from '../../pipelines/config/yaml/read-yaml.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { printable } from '../../pipelines/printable.js'
import { nowAndThen } from '../text/now-and-then.js'
import { refuseTooLarge } from './limits.js'
import type { policyFacts } from './policy-facts.js'

export interface PlanCall {
  config: string
  /** Absent: whatever the file holds. */
  kind?: 'run' | 'sweep'
  name?: string | undefined
  seed?: number | undefined
  set?: readonly string[]
  /** Parts of the config of which the caller reads no file: what they name is not fetched, and need not be there. */
  unread?: readonly NamingPart[]
}

export interface CheckedPlan {
  plan: Plan
  /** The plan with the threads of its policies, as the home has them for a run of its name, else as this machine has them. */
  decided: (home: string) => Promise<Plan>
  /** The items of the baseline arm, or of the experiment, with the first seed. */
  data: () => Promise<DataSet>
  /** What the items and each policy need to be estimated. */
  policies: () => Promise<ReturnType<typeof policyFacts>>
  /**
   * What the preflight has to say.
   * @throws RlevError ConfigInvalid where it refuses the plan, DataInvalid for bad rows.
   */
  findings: () => Promise<PreflightFinding[]>
}

/** @throws RlevError ConfigInvalid or CallInvalid for everything that is wrong with the file or the call. */
export async function checkedPlan({
  config: path,
  kind,
  name,
  seed,
  set = [],
  unread = [],
}: PlanCall): Promise<CheckedPlan> {
  const overrides = Object.fromEntries([...set.map(overrideOf), ...(name === undefined ? [] : [['name', name]])])
  const localPaths = await fetched({ path, overrides, unread })
  const plan = loadPlan({ path, overrides, localPaths, unread, ...given({ seed }) })
  if (kind === 'run' && plan.kind === 'sweep') throw wrongKind(path, 'one experiment', 'a sweep', 'sweep')
  if (kind === 'sweep' && plan.kind === 'experiment') throw wrongKind(path, 'a sweep', 'one experiment', 'run')
  return checked(plan, path, { concurrencyStated: statesConcurrency(path, overrides) })
}

/** Local paths of what a config names of the hub and of known models, by `hubKey`: fetched, with progress on standard error. */
export async function fetched(options: Parameters<typeof hubNamesOf>[0]): Promise<Map<string, string>> {
  const paths = new Map<string, string>()
  for (const named of hubNamesOf(options)) {
    const path = isKnownText(named.text)
      ? await (await import('../known/fetch.js')).fetchKnown(named, { environment: process.env, report })
      : await (await import('../hub/fetch.js')).fetchName(named, { report })
    paths.set(hubKey(named), path)
  }
  return paths
}

const report = (line: string) => process.stderr.write(`${printable(line)}\n`)

/** Whether the file or the call says how many experiments run at a time. */
function statesConcurrency(path: string, overrides: Readonly<Record<string, unknown>>): boolean {
  return 'sweep.concurrency' in overrides || at(readExtended(path), ['sweep', 'concurrency']) !== undefined
}

/**
 * `path`: of the config that the plan comes from, for errors.
 * @throws RlevError ConfigInvalid for a config that is too large.
 */
export function checked(plan: Plan, path: string, { concurrencyStated = true } = {}): CheckedPlan {
  refuseTooLarge(plan, path)
  const config = referenceConfig(plan)
  let data: DataSet | undefined
  const items = async () => {
    // Loaded when the config is known to be right: an error of the config is told sooner without.
    const { rewardableData } = await import('../../pipelines/rewards/references.js')
    const { Marker } = await import('../../activities/verifiers/marker.js')
    if (data !== undefined) return data
    const marker = new Marker()
    try {
      data = await rewardableData(config, (responses, reward) => marker.mark(responses, reward))
      return data
    } finally {
      await marker.end()
    }
  }
  const findings = async () => {
    const found = await findingsOf(plan, config, await items(), { path, report })
    const { checkpointFindings } = await import('./checkpoint.js')
    const { unlearnableFindings } = await import('./unlearnable.js')
    const { stopFindings } = await import('./stops.js')
    return [
      ...found,
      ...unlearnableFindings(plan, await items()),
      ...stopFindings(plan, await items()),
      ...(await checkpointFindings({ plan, data: await items(), report })),
    ]
  }
  let estimated: ReturnType<typeof policyFacts> | undefined
  const policies = async () => {
    const { policyFacts } = await import('./policy-facts.js')
    estimated ??= policyFacts(await items())
    return estimated
  }
  const decided = async (home: string) => {
    const { thisMachine, withThreads } = await import('./threads.js')
    const { knownPlan } = await import('../runs/frozen-plan.js')
    const before = knownPlan(home, plan.name)
    // Policies of a server take no threads here.
    const weights = async () => {
      const { memoryOfPlan } = await import('./memory.js')
      return (await memoryOfPlan(plan, await items(), await policies()))?.weights ?? 0
    }
    return withThreads({ plan, before, concurrencyStated, machine: thisMachine(), weights })
  }
  return { plan, data: items, policies, findings, decided }
}

/** The config of the baseline arm with its first seed, or of the experiment. */
export function referenceConfig(plan: Plan): ExperimentConfig {
  if (plan.kind === 'experiment') return plan.config
  const baseline = plan.arms.find(({ name }) => name === plan.settings.baseline) ?? plan.arms[0]
  if (baseline === undefined) throw new Error('a plan of a sweep has arms')
  return { ...baseline.config, seed: plan.settings.seeds[0] ?? baseline.config.seed }
}

async function findingsOf(
  plan: Plan,
  config: ExperimentConfig,
  data: DataSet,
  { path, report }: { path: string; report: (line: string) => void },
): Promise<PreflightFinding[]> {
  refuseUntrained(plan, path)
  const { creditFindings } = await import('../../pipelines/advantages/credit-findings.js')
  const aboutCredits = creditFindings(plan, data)
  // The preflight is about steps.
  if (config.steps === 0) return aboutCredits
  const [{ normalizeValues }, { preflight }, { valuedItems }] = await Promise.all([
    import('../../pipelines/values/normalize.js'),
    import('../../pipelines/advantages/preflight.js'),
    import('../../pipelines/advantages/simulated-step.js'),
  ])
  const { values } = normalizeValues(data.train, {
    alpha: config.reward.alpha,
    cap: config.reward.cap,
    bonus: config.value.bonus,
  })
  const tell = nowAndThen(report)
  const onArm = (done: number, of: number) => tell(() => `preflight: ${done} of ${of} arms`)
  const found = preflight({ plan, values: valuedItems(values, data.train), onArm })
  const findings = [...aboutCredits, ...found]
  const refused = findings.filter(({ severity }) => severity === 'refuse')
  if (refused.length === 0) return findings
  const told = refused.slice(0, MAX_TOLD).map(({ sentence }) => sentence)
  const more = refused.length > MAX_TOLD ? [`and ${refused.length - MAX_TOLD} more`] : []
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: 'the preflight refuses this plan',
    place: path,
    expected: 'arms that take different steps, and a value that reaches the step',
    found: [...told, ...more].join('\n            '),
    remedy: 'change what the sentences above name; `rlev plan` shows the findings without starting anything',
  })
}

/** Reasons of a refusal that are told in full. */
const MAX_TOLD = 20

/** A sweep compares what training came to. */
function refuseUntrained(plan: Plan, path: string): void {
  const untrained = plan.kind === 'sweep' ? plan.arms.find(({ config }) => config.steps === 0) : undefined
  if (untrained === undefined) return
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: `the arm ${untrained.name} of the sweep trains nothing`,
    place: path,
    expected: 'steps of at least 1 in every arm',
    found: 'steps: 0',
    remedy: 'evaluate policies without training by `rlev evaluate`, one by one',
  })
}

/** Parts of a path of keys; no key lies deeper. */
const deepest = 10

/** `update.learningRate=1e-4`: the value is read as YAML, as it would be in the file. */
export function overrideOf(text: string): [string, unknown] {
  const sign = text.indexOf('=')
  const key = text.slice(0, Math.max(0, sign)).trim()
  if (key !== '' && key.split('.', deepest + 1).length <= deepest) {
    const value = parseYaml(text.slice(sign + 1), { name: `--set ${key}`, folder: '' })
    return [key, value === null ? null : plain(value)]
  }
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'this is not a key with a value',
    place: '--set',
    expected: 'path=value, as in --set update.learningRate=1e-4',
    found: text,
  })
}

function wrongKind(path: string, expected: string, found: string, remedy: 'run' | 'sweep'): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: `this config is ${found}`,
    place: path,
    expected,
    found: `${found} (a sweep has a \`sweep:\` key)`,
    remedy: `rlev ${remedy} ${path}`,
  })
}
