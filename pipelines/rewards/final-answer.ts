/**
 * The part of a response that a verifier reads. In the paper a judge reads "the final part" of a response. Here a rule finds
 * that part, so the verdict is the same on every machine.
 */
import type { ExperimentConfig } from '../config/schema.js'

export type AnswerPlace = ExperimentConfig['reward']['answer']

/**
 * The final answer in `text`, trimmed, or null if it has no final answer. A response that was cut at the limit (`length`) has no final
 * answer: a prefix of a longer number must not count as one.
 */
export function finalAnswer({
  text,
  finish,
  answer,
}: {
  text: string
  finish: 'stop' | 'length'
  answer: AnswerPlace
}): string | null {
  if (finish === 'length') return null
  switch (answer) {
    case 'after-hash': {
      const hash = text.indexOf('#')
      return hash < 0 ? null : filled(text.slice(hash + 1))
    }
    case 'boxed':
      return lastBoxed(text)
    case 'last-line':
      return filled(
        text
          .trimEnd()
          .split(/\r\n|\r|\n/)
          .at(-1) ?? '',
      )
    case 'whole':
      return filled(text)
    default:
      return answer satisfies never
  }
}

function filled(text: string): string | null {
  const trimmed = text.trim()
  return trimmed === '' ? null : trimmed
}

/** Content of the last \boxed{...} with balanced braces; null if the last one is not closed. */
function lastBoxed(text: string): string | null {
  const opening = '\\boxed{'
  const start = text.lastIndexOf(opening)
  if (start < 0) return null
  let depth = 1
  for (let index = start + opening.length; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '{') depth++
    else if (text[index] === '}') depth--
    if (depth === 0) return filled(text.slice(start + opening.length, index))
  }
  return null
}
