/**
 * The multiple-choice verifier: answer and reference name the same set of options, by letter (B), letters in any order (C, A or AC),
 * letter with text (B. Paris), or an option's text (Paris). The whole answer must be read: `A: no, it is B` names no option.
 */
import { type PartialRule, partialCredit } from '../credit.js'
import { withoutPresentation } from '../presentation.js'
import type { Verdict } from '../verdict.js'
import { normalizeText } from './exact.js'

const lead =
  /^(?:the )?(?:(?:correct|right|final) )?(?:option|choice)s?(?: is| are)?\s*:?\s*(?=[([{]?[A-Za-z][)\]}]?(?:[\s,;.、&]|$))|^选项[是为]?\s*:?\s*/iu
const separator = /\s*(?:(?:[,;/&、]|\s)\s*(?:and\b|和|与|及)?|\band\b|和|与|及)\s*/u

/** Cyrillic and Greek capitals that look like Latin ones. Full-width letters are handled by NFKC. */
const lookalikes: Readonly<Record<string, string>> = Object.fromEntries(
  [...'АВЕКМНОРСТХІЈЅ']
    .map((letter, index) => [letter, 'ABEKMHOPCTXIJS'[index] as string])
    .concat([...'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ'].map((letter, index) => [letter, 'ABEZHIKMNOPTYX'[index] as string])),
)

/** Indices of the options that `text` names, sorted, or null if it names none or says more than that. */
export function readChoices(text: string, options: readonly string[] = []): number[] | null {
  const plain = dressless(text)
  const known = options.map(option => normalizeText(dressless(option)))
  const limit = known.length === 0 ? 26 : Math.min(known.length, 26)
  const bare = withoutPresentation(plain.replace(lead, ''))
  // A text can be several of these at once. An option's text comes before letters that it seems to list.
  return (
    oneLetter(bare, limit) ??
    optionText(plain, known) ??
    optionText(bare, known) ??
    severalLetters(bare, limit) ??
    letterWithText(bare, known, limit) ??
    severalTexts(bare, known)
  )
}

/** Without presentation around the whole or emphasis around a part: `**B**. Paris`. */
function dressless(text: string): string {
  return withoutPresentation(withoutPresentation(text.normalize('NFKC')).replaceAll('**', ''))
}

function letterIndex(letter: string, limit: number): number | null {
  const upper = letter.toUpperCase()
  const index = (lookalikes[upper] ?? upper).charCodeAt(0) - 65
  return index >= 0 && index < limit ? index : null
}

function oneLetter(text: string, limit: number): number[] | null {
  const match = /^[([{]?\s*(\p{L})\s*[)\]}]?$/u.exec(text)
  const index = match?.[1] === undefined ? null : letterIndex(match[1], limit)
  return index === null ? null : [index]
}

function optionText(text: string, known: readonly string[]): number[] | null {
  const index = known.indexOf(normalizeText(text))
  return index < 0 ? null : [index]
}

/** `B. Paris`, `(B) Paris`. Known options: the text must be that option's. Unknown ones: the text must name no letter and deny nothing. */
function letterWithText(text: string, known: readonly string[], limit: number): number[] | null {
  const match = /^(?:[([]\s*(\p{L})\s*[)\]]|(\p{L})\s*[.):、])\s*(\S.*)$/su.exec(text)
  const letter = match?.[1] ?? match?.[2]
  const rest = match?.[3]
  if (letter === undefined || rest === undefined) return null
  const index = letterIndex(letter, limit)
  if (index === null) return null
  if (known.length > 0) return known[index] === normalizeText(dressless(rest)) ? [index] : null
  const namesLetter = /(?<![\p{L}\p{N}])[A-Z](?![\p{L}\p{N}'’])/u.test(rest)
  const denies = /^(?:no|not|or|wrong|false|incorrect)\b|^(?:不|否|错|或)/iu.test(rest)
  return namesLetter || denies ? null : [index]
}

/** Separated (a, C) in either case, or run together (AC) in upper case: a word in lower case is not a list of letters. */
function severalLetters(text: string, limit: number): number[] | null {
  const bare = text.replace(/[()[\]{}]/gu, ' ').trim()
  const parts = /^\p{Lu}{2,}$/u.test(bare) ? [...bare] : bare.split(separator).map(part => part.replace(/\.$/u, ''))
  if (parts.length < 2 || !parts.every(part => /^\p{L}$/u.test(part))) return null
  return distinct(parts.map(part => letterIndex(part, limit)))
}

function severalTexts(text: string, known: readonly string[]): number[] | null {
  if (known.length === 0) return null
  return distinct(text.split(/[,;、\n]/u).map(part => optionText(part, known)?.[0] ?? null))
}

/** Sorted, or null if a part names no option or one is named twice. */
function distinct(indices: readonly (number | null)[]): number[] | null {
  const found = indices.filter(index => index !== null)
  if (found.length !== indices.length || new Set(found).size !== found.length) return null
  return found.sort((a, b) => a - b)
}

/** Unscored if the reference names no option; the credit if the answer names a part of the right options, and the rule gives one. */
export function verifyChoice({
  answer,
  reference,
  options,
  partial,
}: {
  answer: string | null
  reference: string
  options?: readonly string[] | undefined
  partial: PartialRule
}): Verdict | number {
  const expected = readChoices(reference, options)
  if (expected === null) return 'unscored'
  const found = answer === null ? null : readChoices(answer, options)
  if (found === null) return 'wrong'
  if (found.join() === expected.join()) return 'correct'
  if (partial === 'none' || !found.every(index => expected.includes(index))) return 'wrong'
  return partialCredit(partial, { chosen: found.length, right: expected.length })
}
