/** Names that a result can be given: `x`, `x_1`, `AB`, `f(x)`, `|AB|`, `\angle ABC`, `(p, q)`, `V_1 : V_2`. No number and no sum. */

const greek =
  '\\\\(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|ell)(?![a-zA-Z])'
const index = '(?:\\s*_\\s*(?:\\{[^{}]*\\}|[A-Za-z0-9]))?'
const letter = `(?:[A-Za-z]|${greek})\\s*${index}'*(?:\\^\\{?[*']\\}?)?`
const word = '(?:\\\\text\\s*\\{[A-Za-z][^{}]*\\}|[A-Z]{2,6}|[A-Z][a-z]{2,20}|[a-z]{4,20})'
const decorated = `\\\\(?:overline|vec|overrightarrow|hat|bar|mathbf|mathcal|mathbb|widehat|tilde)\\s*(?:\\{[A-Za-z]{1,3}\\}|[A-Za-z])${index}`
const figure = '(?:m\\s*)?\\\\(?:angle|triangle|measuredangle|odot)\\s*[A-Za-z]{1,4}'
const derivative = 'd\\s*\\^?(?:\\{?\\d\\}?)?\\s*[a-zA-Z](?:\\^\\{?\\d\\}?)?'
const one = `(?:${figure}|${decorated}|${word}${index}|${letter})`
/** Arguments of any kind behind letters for functions, plain ones behind others: `v(3)`, not `x(x+1)`. */
const functionCall = `(?:[fghFGHPE]|${greek})${index}'*(?:\\^\\{?-?\\d\\}?)?\\s*\\(\\s*[^()=<>]{1,20}\\s*\\)|[a-zA-Z]${index}'*\\s*\\(\\s*(?:[a-zA-Z]|\\d{1,4})\\s*\\)`
const operator = `\\\\(?:sin|cos|tan|cot|sec|csc|min|max|deg|det|gcd)\\s*(?:\\(\\s*[^()=<>]{1,20}\\s*\\)|\\{?\\s*${letter}\\s*\\}?|[A-Z]{1,3}|${figure})`
const sized = `\\|\\s*(?:[A-Z]{1,4}|${decorated})\\s*\\|`
const simple = `(?:${functionCall}|${operator}|${one}|${sized})`
const ratio = `(?:${simple}\\s*[:/]\\s*${simple}|\\\\frac\\s*\\{\\s*${simple}\\s*\\}\\s*\\{\\s*${simple}\\s*\\}|\\\\frac\\s*\\{\\s*${derivative}\\s*\\}\\s*\\{\\s*${derivative}\\s*\\})`
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

/** The same text for the same name: without spaces, and without braces around single characters. */
export function oneName(text: string): string {
  return text
    .replace(/\\text\s*\{([^{}]*)\}/gu, '$1')
    .replace(/\{(\w+)\}/gu, '$1')
    .replace(/\s+/gu, '')
}
