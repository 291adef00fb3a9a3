/**
 * The part of a response that a verifier reads. The paper lets a judge look at "the final part" of a response; here the
 * part is found by a rule, so that the verdict is the same on every machine.
 */
import type { ExperimentConfig } from '../config/schema.js'

export type AnswerPlace = ExperimentConfig['reward']['answer']

/**
 * The final answer in `text`, trimmed, or null where there is none. A response cut off at the limit (`length`) has not
 * ended, so nothing in it is final: a prefix of a longer number must not count as an answer.
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

/** Content of the last \boxed{...}, braces inside it balanced; null where the last one is never closed. */
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
