/**
 * The part of a response that a verifier reads. In the paper a judge reads "the final part" of a response. Here a rule finds
 * that part, so the verdict is the same on every machine.
 */
import { RE2JS } from 're2js'
import type { ExperimentConfig } from '../config/schema.js'
import { boxedAnswer } from '../text/boxed.js'

export type AnswerPlace = ExperimentConfig['reward']['answer']

/**
 * The final answer in `text`, trimmed, or null if there is none. A response that was cut at the limit (`length`) has no final
 * answer: a prefix of a longer number must not count as one. Text up to the last `</think>` is never part of the answer.
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
  const said = afterThinking(text)
  if (typeof answer === 'object') return 'tag' in answer ? inTag(said, answer.tag) : byPattern(said, answer.pattern)
  switch (answer) {
    case 'after-hash':
      return afterHash(said)
    case 'boxed':
      return boxedAnswer(said)
    case 'first-line':
      return lineOf(said.trimStart(), 0)
    case 'last-line':
      return lineOf(said.trimEnd(), -1)
    case 'last-number':
      return lastNumber(said)
    case 'whole':
      return filled(said)
    case 'auto':
      return automatic(said)
    default:
      return answer satisfies never
  }
}

/** The first of these that is there: the tag `answer`, the last box, the text after a mark `####`, the last line. */
function automatic(text: string): string | null {
  return (
    inTag(text, 'answer') ??
    boxedAnswer(text) ??
    (text.includes('####') ? afterHash(text) : null) ??
    lineOf(text.trimEnd(), -1)
  )
}

function afterThinking(text: string): string {
  const end = text.lastIndexOf('</think>')
  return end < 0 ? text : text.slice(end + '</think>'.length)
}

/** After the last run of #, as in GSM8K (`#### 18`) and the synthetic exam (`07#7`). */
function afterHash(text: string): string | null {
  const hash = text.lastIndexOf('#')
  return hash < 0 ? null : filled(text.slice(hash + 1))
}

function lineOf(text: string, index: number): string | null {
  return filled(text.split(/\r\n|\r|\n/).at(index) ?? '')
}

/** A number with its sign, thousands separators, decimals and percent, that is not part of a word. */
const numbers = /(?<![\p{L}\p{N}.,])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?![\p{L}\p{N}])/gu

function lastNumber(text: string): string | null {
  return [...text.normalize('NFKC').matchAll(numbers)].at(-1)?.[0] ?? null
}

/** Content of the last closed `<tag>...</tag>`. */
function inTag(text: string, tag: string): string | null {
  const end = text.lastIndexOf(`</${tag}>`)
  const start = end < 0 ? -1 : text.lastIndexOf(`<${tag}>`, end)
  return start < 0 ? null : filled(text.slice(start + tag.length + 2, end))
}

const patterns = new Map<string, RE2JS>()

/** The group of the last match. RE2's time is linear in the text, whatever the pattern. */
function byPattern(text: string, pattern: string): string | null {
  const compiled = patterns.get(pattern) ?? RE2JS.compile(pattern, RE2JS.MULTILINE)
  patterns.set(pattern, compiled)
  const matcher = compiled.matcher(text)
  let last: string | null = null
  while (matcher.find()) last = matcher.group(1) ?? last
  return last === null ? null : filled(last)
}

function filled(text: string): string | null {
  const trimmed = text.trim()
  return trimmed === '' ? null : trimmed
}
