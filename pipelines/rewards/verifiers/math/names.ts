/** Names that a result can be given: `x`, `x_1`, `AB`, `f(x)`, `|AB|`, `\angle ABC`, `(p, q)`, `V_1 : V_2`. No number and no sum. */

const greek =
  '\\\\(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|ell)'
const index = '(?:\\s*_\\s*(?:\\{[^{}]*\\}|[A-Za-z0-9]))?'
const letter = `(?:[A-Za-z]|${greek})${index}'*(?:\\^\\{?[*']\\}?)?`
const word = '(?:\\\\text\\s*\\{[A-Za-z][^{}]*\\}|[A-Z]{2,6}|[A-Z][a-z]{2,20}|[a-z]{4,20})'
const decorated = `\\\\(?:overline|vec|overrightarrow|hat|bar|mathbf|mathcal|mathbb|widehat|tilde)\\s*(?:\\{[A-Za-z]{1,3}\\}|[A-Za-z])${index}`
const figure = '(?:m\\s*)?\\\\(?:angle|triangle|measuredangle|odot)\\s*[A-Za-z]{1,4}'
const one = `(?:${figure}|${decorated}|${word}${index}|${letter}(?:\\s*[A-Z])*)`
const called = `(?:\\\\(?:sin|cos|tan|cot|sec|csc|log|ln|min|max|deg|det|lim)|${letter})(?:\\^\\{?-?\\d\\}?)?\\s*(?:\\(\\s*[^()=<>]{1,20}\\s*\\)|\\s+?${letter}|${figure})`
const sized = '\\|\\s*[A-Za-z\\\\{} _0-9]{1,12}\\s*\\|'
const simple = `(?:${called}|${one}|${sized})`
const ratio = `(?:${simple}\\s*[:/]\\s*${simple}|\\\\frac\\s*\\{\\s*${simple}\\s*\\}\\s*\\{\\s*${simple}\\s*\\})`
const tuple = `\\(\\s*${one}(?:\\s*[,;]\\s*${one})+\\s*\\)`
const namePattern = new RegExp(`^(?:${ratio}|${simple}|${tuple})$`, 'u')
const letterPattern = new RegExp(`^${letter}$`, 'u')
const tuplePattern = new RegExp(`^${tuple}$`, 'u')

const notNames = /^(?:\\pi|pi|\\text\s*\{\s*(?:and|or|not|no)\b.*)$/iu

export function isName(text: string): boolean {
  return text.length <= 60 && namePattern.test(text) && !notNames.test(text)
}

/** A single variable: `x`, `\alpha_1`. */
export const isLetter = (text: string): boolean => letterPattern.test(text)

/** Names of a tuple of names, or null. */
export function namesOf(text: string): string[] | null {
  return tuplePattern.test(text) ? text.slice(1, -1).split(/[,;]/u).map(oneName) : null
}

/** The same text for the same name: without spaces and braces around single characters. */
export function oneName(text: string): string {
  return text
    .replace(/\\text\s*\{([^{}]*)\}/gu, '$1')
    .replace(/\{(\w)\}/gu, '$1')
    .replace(/\s+/gu, '')
    .replace(/^([A-Za-z])\([A-Za-z]\)$/u, '$1()')
}
