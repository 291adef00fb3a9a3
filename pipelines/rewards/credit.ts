/**
 * The credit of a response that is not correct: what a wrong answer costs, and by which rule a part of the right options gives a part of
 * the points. The paper has neither: there, a wrong answer has credit 0.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import { type Mark, markOf } from './mark.js'
import type { Verdict } from './verdict.js'

type Rules = Pick<ExperimentConfig['reward'], 'partial' | 'wrongCredit'>
/** The config of a run that an older version started has neither key. */
export type CreditRules = { [Key in keyof Rules]?: Rules[Key] | undefined }
export type PartialRule = Extract<Rules['partial'], string>

/** What the credit of a response depends on besides the response. */
export type CreditedItem = Pick<Item, 'section' | 'points' | 'negative'>

/** Of an answered, wrong response, in [-1, 0]: -negative / points if the item says what it deducts, else as the config says. */
export function creditOfWrong({ section, points, negative }: CreditedItem, { wrongCredit = 0 }: CreditRules): number {
  // Without the sum, nothing deducted would be -0.
  if (negative !== undefined) return -negative / points + 0
  return (typeof wrongCredit === 'number' ? wrongCredit : ofSection(wrongCredit, section)) ?? 0
}

/** Whether a credit can be other than 1 for a correct and 0 for a wrong response, by the config or by what an item deducts. */
export function canGiveCredit(
  { partial = 'none', wrongCredit = 0 }: CreditRules,
  items: readonly Pick<Item, 'negative'>[] = [],
): boolean {
  return partial !== 'none' || wrongCredit !== 0 || items.some(({ negative = 0 }) => negative > 0)
}

export function partialRuleOf({ section }: Pick<Item, 'section'>, { partial = 'none' }: CreditRules): PartialRule {
  return (typeof partial === 'string' ? partial : ofSection(partial, section)) ?? 'none'
}

/**
 * Credit of a response that chose some of the right options and no wrong one. `chosen`: how many, below `right`, the number of right
 * options.
 *
 * proportional: chosen / right
 * jee: chosen / 4, at most 3 / 4: of 4 points, 1 for each (JEE Advanced, questions with one or more right options)
 */
export function partialCredit(
  rule: Exclude<PartialRule, 'none'>,
  { chosen, right }: { chosen: number; right: number },
): number {
  switch (rule) {
    case 'proportional':
      return chosen / right
    case 'jee':
      return Math.min(chosen, 3) / 4
    default:
      return rule satisfies never
  }
}

/** The mark of a verdict. A wrong response costs points only if it is answered: it has a final answer. */
export function markOfVerdict({
  verdict,
  answered,
  item,
  rules,
}: {
  verdict: Verdict
  answered: boolean
  item: CreditedItem
  rules: CreditRules
}): Mark {
  return markOf(verdict === 'wrong' && answered ? creditOfWrong(item, rules) : verdict)
}

function ofSection<Value>(values: Readonly<Record<string, Value>>, section: string): Value | undefined {
  return Object.hasOwn(values, section) ? values[section] : undefined
}
