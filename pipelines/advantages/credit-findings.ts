/**
 * What a plan says about marks, held against its data: sections that no item has, partial credit where no question has several right
 * options, points that rows deduct under an estimator whose formula has no negative rewards, and arms that are marked by different rules.
 */
import { baselineOf } from '../config/baselines.js'
import { configDifference } from '../config/difference.js'
import type { ExperimentConfig, Plan } from '../config/schema.js'
import type { DataSet, Item } from '../data/item.js'
import { creditOfWrong, partialRuleOf } from '../rewards/credit.js'
import { readChoices } from '../rewards/verifiers/choice.js'
import { markingOf } from '../rewards/verify.js'
import type { PreflightFinding } from './planned-arm.js'

interface Arm {
  name: string
  config: ExperimentConfig
}

/** A finding that several arms share is told of the first of them. */
export function creditFindings(plan: Plan, { train, test, transfer = {} }: DataSet): PreflightFinding[] {
  const arms: readonly Arm[] = plan.kind === 'sweep' ? plan.arms : [plan]
  const items = [...train, ...test, ...Object.values(transfer).flat()]
  const told = new Set<string>()
  const against = (name: string) =>
    plan.kind === 'sweep' ? arms.find(arm => arm.name === baselineOf(plan.settings, name)) : undefined
  return arms.flatMap(arm =>
    [
      ...aboutSections('partial', arm, items),
      ...aboutSections('wrongCredit', arm, items),
      ...aboutPartial(arm, items),
      ...aboutNegative(arm, train),
      ...aboutMarking(arm, against(arm.name)),
    ].filter(({ sentence }) => {
      const shared = sentence.slice(arm.name.length)
      return !told.has(shared) && told.add(shared)
    }),
  )
}

function aboutSections(
  key: 'partial' | 'wrongCredit',
  { name, config }: Arm,
  items: readonly Item[],
): PreflightFinding[] {
  const rule = config.reward[key]
  if (typeof rule !== 'object') return []
  const known = new Set(items.map(({ section }) => section))
  const stray = Object.keys(rule).filter(section => !known.has(section))
  if (stray.length === 0) return []
  const shown = [...known].slice(0, 8).join(', ')
  return [
    {
      severity: 'warning',
      arm: name,
      sentence: `${name}: reward.${key} names ${stray.join(', ')}, and no item is of such a section. The sections are ${shown}${known.size > 8 ? ` and ${known.size - 8} more` : ''}.`,
      numbers: { sections: stray.length },
    },
  ]
}

function aboutPartial({ name, config }: Arm, items: readonly Item[]): PreflightFinding[] {
  const { reward } = config
  const concerned = items.filter(item => partialRuleOf(item, reward) !== 'none')
  const several = concerned.some(({ answer, choices }) => (readChoices(answer, choices) ?? []).length > 1)
  if (concerned.length === 0 || several) return []
  return [
    {
      severity: 'warning',
      arm: name,
      sentence: `${name}: reward.partial has no effect: none of the ${concerned.length} questions that it is for has several right options.`,
      numbers: { items: concerned.length },
    },
  ]
}

/** An evaluation marks by the rules of its arm. */
function aboutMarking(arm: Arm, other: Arm | undefined): PreflightFinding[] {
  if (other === undefined) return []
  const keys = configDifference(markingOf(other.config), markingOf(arm.config)).map(({ path }) => `reward.${path}`)
  if (keys.length === 0) return []
  return [
    {
      severity: 'warning',
      arm: arm.name,
      sentence: `${arm.name}: answers are marked by other rules than in ${other.name} (${keys.join(', ')}), in the evaluation too, so their H-Acc are different measures.`,
      numbers: { keys: keys.length },
    },
  ]
}

function aboutNegative({ name, config }: Arm, train: readonly Item[]): PreflightFinding[] {
  if (config.estimator.name !== 'maxrl' || config.steps === 0) return []
  const deducting = train.filter(item => creditOfWrong(item, config.reward) < 0).length
  if (deducting === 0) return []
  return [
    {
      severity: 'refuse',
      arm: name,
      sentence: `${name}: ${deducting} of ${train.length} training items deduct points for a wrong answer, and maxrl divides by the mean reward of a prompt, which is then near 0 or negative. Take another estimator, as dr-grpo or rloo.`,
      numbers: { deducting },
    },
  ]
}
