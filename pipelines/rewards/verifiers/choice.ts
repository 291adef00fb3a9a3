/**
 * The multiple-choice verifier: answer and reference name the same set of options, by letter (B), letters in any order
 * (C, A or AC), letter with text (B. Paris), or an option's text (Paris).
 */
import type { Verdict } from '../verdict.js'
import { normalizeText } from './exact.js'

/** Letters that are read if an item lists no options: A to J, the largest range in published data sets. */
const LETTERS_WITHOUT_OPTIONS = 10
const LEAD =
  /^(?:the )?(?:correct |final )?(?:answer|option|choice)s?(?: is| are)?\s*:?\s*|^(?:答案|选项?)[是为]?\s*:?\s*/iu
const SEPARATOR = /\s*(?:[,;/&、]|\band\b|和|与|\s)\s*/u

/**
 * Indices of the options that `text` names, sorted, or null if it names no option. A text can have several readings, so they
 * are tried in this order: one letter; an option's text; a letter with its text; several letters; several option texts.
 */
export function readChoices(text: string, options: readonly string[] = []): number[] | null {
  const plain = text
    .normalize('NFKC')
    .trim()
    .replace(LEAD, '')
    // Not from within a run of dots: each dot would search for the end again.
    .replace(/(?<![.。])[.。]+$/u, '')
    .trim()
  const known = options.map(normalizeText)
  const limit = known.length === 0 ? LETTERS_WITHOUT_OPTIONS : known.length
  return (
    oneLetter(plain, limit) ??
    optionText(plain, known) ??
    letterWithText(plain, known, limit) ??
    severalLetters(plain, limit) ??
    severalTexts(plain, known)
  )
}

function letterIndex(letter: string, limit: number): number | null {
  const index = letter.toUpperCase().charCodeAt(0) - 65
  return index >= 0 && index < Math.min(limit, 26) ? index : null
}

function oneLetter(text: string, limit: number): number[] | null {
  const match = /^[([{]?\s*([A-Za-z])\s*[)\]}]?$/u.exec(text)
  const index = match?.[1] === undefined ? null : letterIndex(match[1], limit)
  return index === null ? null : [index]
}

function optionText(text: string, known: readonly string[]): number[] | null {
  const index = known.indexOf(normalizeText(text))
  return index < 0 ? null : [index]
}

/** `B. Paris`, `(B) Paris`. If the options are known, the text must be that of the option. */
function letterWithText(text: string, known: readonly string[], limit: number): number[] | null {
  const match = /^(?:[([]\s*([A-Za-z])\s*[)\]]|([A-Za-z])\s*[.):、])\s*(\S.*)$/su.exec(text)
  const letter = match?.[1] ?? match?.[2]
  const rest = match?.[3]
  if (letter === undefined || rest === undefined) return null
  const index = letterIndex(letter, limit)
  if (index === null) return null
  // Without options the rest must not be another letter: `A. C` names two options.
  if (known.length === 0) return /^[A-Za-z]\b/u.test(rest) ? null : [index]
  return known[index] === normalizeText(rest) ? [index] : null
}

/** Separated letters (a, C) in either case, or adjacent letters (AC) in upper case only: a lower-case word is not a list of letters. */
function severalLetters(text: string, limit: number): number[] | null {
  const bare = text.replace(/[()[\]{}]/gu, ' ').trim()
  const parts = /^[A-Z]{2,}$/u.test(bare) ? [...bare] : bare.split(SEPARATOR).map(part => part.replace(/\.$/u, ''))
  if (!parts.every(part => /^[A-Za-z]$/u.test(part))) return null
  const indices = parts.map(part => letterIndex(part, limit))
  return distinct(indices)
}

function severalTexts(text: string, known: readonly string[]): number[] | null {
  if (known.length === 0) return null
  return distinct(text.split(/[,;、\n]/u).map(part => optionText(part, known)?.[0] ?? null))
}

/** Sorted, or null if a part names no option or an option is named twice. */
function distinct(indices: readonly (number | null)[]): number[] | null {
  const found = indices.filter(index => index !== null)
  if (found.length !== indices.length || new Set(found).size !== found.length) return null
  return found.sort((a, b) => a - b)
}

/** Unscored if the reference is neither a letter nor the text of an option. */
export function verifyChoice({
  answer,
  reference,
  options,
}: {
  answer: string | null
  reference: string
  options?: readonly string[] | undefined
}): Verdict {
  const expected = readChoices(reference, options)
  if (expected === null) return 'unscored'
  const found = answer === null ? null : readChoices(answer, options)
  return found !== null && found.join() === expected.join() ? 'correct' : 'wrong'
}
