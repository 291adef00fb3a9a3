/** The terms that a reader of a report needs first, in a sentence each. */
import type { Comparison } from '../../comparison/comparison.js'
import type { ExperimentConfig, Plan } from '../../config/schema.js'
import { canGiveCredit } from '../../rewards/credit.js'
import { type Html, html } from '../html.js'

interface Term {
  term: string
  meaning: string
}

/** With more arms the list would hide the result; the table of config keys says how they differ. */
const maxArms = 8

export function termsOfComparison(plan: Plan, { sampled, endpoint, arms }: Comparison): Term[] {
  const curve = endpoint.endsWith('-curve')
  const configs = plan.kind === 'sweep' ? plan.arms.map(({ config }) => config) : [plan.config]
  const credits =
    configs.some(({ reward }) => canGiveCredit(reward)) || arms.some(({ difficulty }) => difficulty?.byCredit)
  const known = plan.kind === 'sweep' && plan.arms.length <= maxArms ? plan.arms : []
  return [
    ...termsOfEvaluation({ sampled, credits }),
    ...(curve
      ? [
          {
            term: 'Mean over the curve',
            meaning: 'mean over all evaluations during training, without the one before it',
          },
        ]
      : []),
    ...known.map(({ name, config }) => {
      const role = arms.find(({ arm }) => arm === name)?.role
      return { term: role === 'arm' ? name : `${name} (${role})`, meaning: rewardInWords(config) }
    }),
  ]
}

/** `sampled`: responses were also drawn at temperature 1. `credits`: some responses have parts of their points, or points deducted. */
export function termsOfEvaluation({ sampled, credits }: { sampled: boolean; credits: boolean }): Term[] {
  return [
    { term: 'Value of an item', meaning: 'its points over the total points of its exam, v in (0, 1]' },
    {
      term: 'Acc',
      meaning: `share of the test items that are answered correctly${credits ? ', with full credit' : ''}`,
    },
    {
      term: 'Cut',
      meaning:
        'share of the responses that reached rollout.maxTokens without an end. Such a response has no final answer',
    },
    {
      term: 'H-Acc (human-aligned accuracy)',
      meaning: credits
        ? 'value of the items times the credit of their answers, over the value of all test items'
        : 'value of the items answered correctly over the value of all test items',
    },
    ...(credits
      ? [
          {
            term: 'Credit of an answer',
            meaning:
              'share of the points of its item: 1 if correct, a part if partly right, below 0 if a wrong answer costs points',
          },
        ]
      : []),
    sampled
      ? {
          term: 'Expected, greedy',
          meaning: 'mean over samples at temperature 1; the most likely token at each position',
        }
      : { term: 'Greedy', meaning: 'the most likely token at each position' },
  ]
}

export function termList(terms: readonly Term[]): Html {
  return html`<dl class="terms">${terms.map(({ term, meaning }) => html`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
`
}

function rewardInWords(config: ExperimentConfig): string {
  const other = canGiveCredit(config.reward) ? '; any other answer earns its credit times that' : ''
  return `${correctInWords(config)}${other}`
}

function correctInWords({ reward: { scale, alpha, cap }, value }: ExperimentConfig): string {
  switch (scale) {
    case 'correctness':
      return 'a correct answer earns 1'
    case 'uniform':
      return 'every correct answer earns the same: the mean scale over the items'
    case 'human-aligned':
      return `a correct answer earns 1 + min(${alpha} v, ${cap})${valuesInWords(value)}`
    case 'multiplicative':
      return `a correct answer earns 1 + ${alpha} v${valuesInWords(value)}`
    default:
      return scale satisfies never
  }
}

function valuesInWords({ ablation, noise }: ExperimentConfig['value']): string {
  switch (ablation) {
    case 'none':
      return ''
    case 'shuffled':
      return ', with values permuted over the items'
    case 'permuted':
      return `, with the values of a share of ${noise ?? 0} of the items permuted`
    case 'gaussian':
    case 'lognormal':
      return `, with ${ablation === 'gaussian' ? 'Gaussian' : 'lognormal'} noise of ${noise ?? 0} in the values`
    case 'rounded':
      return `, with values rounded to ${noise ?? 0} grades`
    case 'weak':
      return ', with one value label for each section'
    case 'predicted':
      return ', with values that a score predictor gives'
    default:
      return ablation satisfies never
  }
}
