/**
 * The answer in a test case of Math-Verify, which holds a text: boxes side by side, else what is called the final answer, else the last
 * formula, else the last number.
 */
import { closingBrace } from '../../pipelines/text/boxed.js'

export interface MathVerifyCase {
  /** File and line of its test. */
  place: string
  gold: string
  prediction: string
  equal: boolean
  /** Decimals to which its test compares. */
  decimals: number
}

/** What may stand between answers that belong together. */
const joint = /^(?:[\s$,;.&+]|\\[()[\],;:! ]|\\quad|\\text\s*\{[^{}]*\band\s*\}|\w+ and|and|or|\w+ ?[:=])*$/u

/** Null if the text has marks of formulas, and no formula. */
export function answerIn(text: string): string | null {
  const said = text.split('</think>').at(-1) ?? text
  const plain = said
    .replaceAll('\\\\boxed', '\\boxed')
    .replace(/<\|im_start\|>user$/u, '')
    .trim()
  if (isBare(plain)) return plain
  return announced(plain) ?? boxes(plain) ?? formulas(plain) ?? (/\$.*\$|\\\(/su.test(plain) ? null : lastNumber(plain))
}

/** A formula or number without marks around it, and without prose. */
function isBare(text: string): boolean {
  return (
    !/\$|\\boxed|\\\(|\\\[/u.test(text) &&
    !/(?<![\\A-Za-z{])[A-Za-z]{4,}(?![A-Za-z}])|[A-Za-z]{2}\s+[A-Za-z]{2}/u.test(text)
  )
}

function boxes(text: string): string | null {
  const found: { start: number; end: number; inside: string }[] = []
  for (const match of text.matchAll(/\\boxed\s*\{/gu)) {
    const start = match.index + match[0].length
    const end = closingBrace(text, start)
    found.push({ start: match.index, end, inside: end < 0 ? text.slice(start) : text.slice(start, end) })
  }
  return run(found, text)
}

/** The last of the found parts with those before it that only a joint separates. */
function run(found: readonly { start: number; end: number; inside: string }[], text: string): string | null {
  const last = found.at(-1)
  if (last === undefined) return null
  const kept = [last.inside]
  for (let index = found.length - 2; index >= 0; index--) {
    const [earlier, later] = [found[index], found[index + 1]]
    if (earlier === undefined || later === undefined || !joint.test(text.slice(earlier.end + 1, later.start))) break
    kept.unshift(earlier.inside)
  }
  return [...new Set(kept)].join(', ')
}

function announced(text: string): string | null {
  const after = text.split(/final answer is\s*:?\s*/iu)
  const said = after.length > 1 ? after.at(-1) : undefined
  return said === undefined ? null : formulas(said.split(/\.\s+(?:I hope|Note)/u)[0] ?? said)
}

const formula = /\$\$(.+?)\$\$|\\\[(.+?)\\\]|\$([^\n]+?)(?<!\\)\$|\\\(([^\n]+?)\\\)/gsu

/** The last formula, or the number that follows it. */
function formulas(text: string): string | null {
  const found = [...text.matchAll(formula)].map(match => ({
    start: match.index,
    end: match.index + match[0].length - 1,
    inside: match.slice(1).find(group => group !== undefined) ?? '',
  }))
  const answer = run(found, text)
  if (answer === null) return null
  const behind = text.slice((found.at(-1)?.end ?? 0) + 1)
  const percent = /^\s*(?:%|percent|pct)/u.exec(behind)?.[0] ?? ''
  return lastNumber(behind) ?? `${answer}${percent}`
}

function lastNumber(text: string): string | null {
  const numbers = /(?<![A-Za-z\d.,])[-+]?(?:(?:\d{1,3}(?:[, ]\d{3})+|\d+)(?:[.,]\d+)?(?:\/\d+)?|\.\d+)%?(?![A-Z\d])/gu
  return text.match(numbers)?.at(-1) ?? null
}
