/** The question to a verifier of the user, and the mark in its answer. */
import type { ExperimentConfig } from '../../config/schema.js'
import type { Item } from '../../data/item.js'
import { given } from '../../given.js'
import { shortened } from '../../printable.js'
import { finalAnswer } from '../final-answer.js'
import type { VerifierOutcome, VerifierQuestion } from './verify-types.js'

export function verifierQuestion({
  response,
  item,
  answer,
}: {
  response: { text: string; finish: 'stop' | 'length' }
  item: Omit<Item, 'weight' | 'working'>
  answer: ExperimentConfig['reward']['answer']
}): VerifierQuestion {
  const { id, exam, section, points, total, choices, extra } = item
  return {
    prompt: item.prompt,
    response: response.text,
    finish: response.finish,
    answer: finalAnswer({ ...response, answer }),
    reference: item.answer,
    item: { id, exam, section, points, total, ...given({ choices, extra }) },
  }
}

/** What a verifier said as a verdict or a credit, or why it is neither. */
export function readOutcome(said: unknown): { said: Exclude<VerifierOutcome, boolean> } | { problem: string } {
  if (typeof said === 'boolean') return { said: said ? 'correct' : 'wrong' }
  if (typeof said === 'number' && said >= -1 && said <= 1) return { said }
  if (said === 'correct' || said === 'wrong' || said === 'unscored') return { said }
  return { problem: `it returns ${shown(said)}, which is no verdict and no credit in [-1, 1]` }
}

function shown(said: unknown): string {
  if (typeof said === 'number') return String(said)
  try {
    return shortened(JSON.stringify(said) ?? typeof said, 100)
  } catch {
    // A value that JSON has no form for is told by its type.
    return typeof said
  }
}
