/**
 * Accuracy by form of the response: direct (it begins with `#`, the mark of the answer), or with working before
 * the answer. The exam makes the forms compete (docs/exam.md). The paper has no such split. Forms are counted
 * among samples at temperature 1, so each is as frequent as the policy makes it.
 */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Item } from '../../pipelines/data/item.js'
import type { Policy } from '../../pipelines/model/policy.js'
import { type Hooks, noHooks } from '../../pipelines/progress.js'
import { stream } from '../../pipelines/random.js'
import { verify } from '../../pipelines/rewards/verify.js'
import { generate } from '../../pipelines/sampling/generate.js'
import { encodePrompts } from '../../pipelines/tokenizer/tokenizer.js'

export interface SectionForms {
  section: string
  direct: FormOutcome
  working: FormOutcome
}

export interface FormOutcome {
  /** Share of the section's responses that have the form. */
  share: number
  /** Accuracy of those; null if there are none. */
  acc: number | null
}

/** Sections in the order of the items. Each item gets `samples` responses, by the seed of the evaluation. */
export async function accuracyByForm({
  policy,
  items,
  config,
  samples,
  hooks = noHooks,
}: {
  policy: Policy
  items: readonly Item[]
  config: ExperimentConfig
  samples: number
  hooks?: Hooks
}): Promise<SectionForms[]> {
  const random = stream(config.evaluation.seed, 'accuracy by form')
  const prompts = await encodePrompts(
    policy.tokenizer,
    items.map(({ prompt }) => prompt),
  )
  const rows = items.flatMap((item, index) =>
    Array.from({ length: samples }, () => ({ item, prompt: prompts[index] as number[] })),
  )
  const generated = await generate({
    policy,
    prompts: rows.map(({ prompt }) => prompt),
    uniforms: (row, position) => random.uniform(Math.floor(row / samples), row % samples, position),
    maxTokens: config.rollout.maxTokens,
    chunk: config.evaluation.chunk,
    hooks,
  })
  const answered = rows.map(({ item }, row): AnsweredForm => {
    const { tokens, finish } = generated[row] ?? { tokens: [], finish: 'length' as const }
    const text = policy.tokenizer.decode(tokens)
    const correct = verify({ response: { text, finish }, item, reward: config.reward }).verdict === 'correct'
    return { section: item.section, direct: text.startsWith('#'), correct }
  })
  return formsOf(answered)
}

export interface AnsweredForm {
  section: string
  /** The response begins with the mark of the answer. */
  direct: boolean
  correct: boolean
}

/** Sections in order of appearance. */
export function formsOf(answered: readonly AnsweredForm[]): SectionForms[] {
  return [...new Set(answered.map(({ section }) => section))].map(section => {
    const own = answered.filter(row => row.section === section)
    const outcome = (direct: boolean): FormOutcome => {
      const some = own.filter(row => row.direct === direct)
      const correct = some.filter(row => row.correct).length
      return { share: some.length / own.length, acc: some.length === 0 ? null : correct / some.length }
    }
    return { section, direct: outcome(true), working: outcome(false) }
  })
}
