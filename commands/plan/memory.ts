/** What a plan will need of memory: the estimate for the policy of each arm, and whether this machine has it. */
import { memoryAtHand } from '../../activities/machine/memory.js'
import { engineKind } from '../../pipelines/config/engine-kinds.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import type { DataSet } from '../../pipelines/data/item.js'
import { countsOf, type MemoryEstimate, memoryOf } from '../../pipelines/memory/estimate.js'
import { fitOf, type MemoryFit, memoryShortage, sizeText } from '../../pipelines/memory/memory-fit.js'
import { readParts } from '../services/project.js'
import { formatCount } from '../text/format.js'
import { type PolicyFacts, policyFacts } from './policy-facts.js'

export interface PlanMemory extends MemoryEstimate {
  /** The arm that needs most. */
  arm: string
  weights: number
  /** Numbers that an update changes: all weights, or those of the adapter. */
  trained: number
  atHand: { bytes: number; of: string; fit: MemoryFit }
  /** Where it may not fit. */
  warning?: string
}

/** Of the arm that needs most; null if a server has the policies of all arms. Throws CheckpointInvalid where a checkpoint cannot be read. */
export async function memoryOfPlan(
  plan: Plan,
  data: DataSet,
  facts: (config: ExperimentConfig) => Promise<PolicyFacts> = policyFacts(data),
): Promise<PlanMemory | null> {
  const all = plan.kind === 'experiment' ? [{ name: plan.name, config: plan.config }] : plan.arms
  const arms = all.filter(({ config }) => engineKind(config.engine) === 'local')
  if (arms.length === 0) return null
  const room = memoryAtHand({ onCard: readParts().tensorflow?.kind === 'gpu' })
  const testItems = data.test.length
  const each: Omit<PlanMemory, 'atHand' | 'warning'>[] = []
  for (const { name, config } of arms) {
    const { architecture, promptTokens } = await facts(config)
    const subject = { architecture, config, promptTokens, testItems }
    each.push({ arm: name, ...countsOf(subject), ...memoryOf(subject) })
  }
  const largest = each.reduce((a, b) => (b.bytes > a.bytes ? b : a))
  const fit = fitOf(largest, room)
  return {
    ...largest,
    atHand: { ...room, fit },
    ...(fit === 'fits' ? {} : { warning: `it ${fit}: ${memoryShortage(largest, room)}` }),
  }
}

/** One line of the sum and where it goes, and one of the warning where there is one. */
export function memoryLines(memory: PlanMemory | null, sweep: boolean): string[] {
  if (memory === null) return ['memory: the policies are computed on a server, which has its own']
  const { phase, bytes, parts, weights, trained, arm, warning, atHand } = memory
  const largestFirst = parts
    .filter(part => part.phase === phase || part.phase === 'always')
    .toSorted((a, b) => b.bytes - a.bytes)
  const named = largestFirst.slice(0, 4).map(part => `${part.name} ${sizeText(part.bytes)}`)
  const change =
    trained === weights ? '' : `, of which an update changes none but the ${formatCount(trained)} of its adapter`
  return [
    `policy: ${formatCount(weights)} weights${change}`,
    `memory: about ${sizeText(bytes)} a policy worker, in the ${phase}${sweep ? ` of ${arm}` : ''} (${named.join(', ')}); ${sizeText(atHand.bytes)} at hand by ${atHand.of}`,
    ...(warning === undefined ? [] : [`warning: ${warning}`]),
  ]
}
