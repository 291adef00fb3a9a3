/**
 * Demonstrations for the warm start, generated for every step. The policy learns the two forms of an answer,
 * `working#answer` and `#answer`. Their shares decide which form it uses in which section.
 */
import { stream } from '../../random.js'
import { type SectionName, sectionNames } from '../exams.js'
import { promptAt, questionAt } from './items.js'
import type { PromptStyle } from './prompts.js'

export interface SyntheticDemonstration {
  section: SectionName
  prompt: string
  /** Without the end-of-sequence token. */
  response: string
}

export interface SyntheticDemonstrationsOptions {
  style: PromptStyle
  /** Ratio in which the sections are drawn, in the order of `sectionNames`; at least one above 0. */
  sectionShares: readonly number[]
  /** Share of demonstrations of each section that show the working, in the same order. */
  workingShares: readonly number[]
  seed: number
  /** Any integer from 0. Each step gives a different batch. */
  step: number
  batch: number
}

/**
 * A batch for the step. The counts of the sections follow the ratio within one item (systematic sampling with one offset a
 * batch). Whether a demonstration shows its working is drawn for each.
 */
export function syntheticDemonstrations(options: SyntheticDemonstrationsOptions): SyntheticDemonstration[] {
  const { style, sectionShares, workingShares, seed, step, batch } = options
  const questions = stream(seed, 'demonstrations')
  const working = stream(seed, 'working of demonstrations')
  const offset = stream(seed, 'sections of demonstrations').uniform(step)
  return Array.from({ length: batch }, (_, row) => {
    const index = sectionAt((row + offset) / batch, sectionShares)
    const section = sectionNames[index] as SectionName
    const question = questionAt(section, questions, [step, row])
    const shown = working.uniform(step, row) < (workingShares[index] ?? 0)
    return {
      section,
      prompt: promptAt(question, style, questions, [step, row]),
      response: `${shown ? question.working : ''}#${question.answer}`,
    }
  })
}

/** Index of the section at a point in [0, 1), with the shares as consecutive intervals. */
function sectionAt(point: number, shares: readonly number[]): number {
  const whole = shares.reduce((sum, share) => sum + share, 0)
  let left = point * whole
  for (const [index, share] of shares.entries()) {
    if (left < share) return index
    left -= share
  }
  return shares.findLastIndex(share => share > 0)
}
