/**
 * One LaTeX for the ways in which answers are typed: Unicode signs, plain-text maths (`sqrt(2)/2`, `x**2`, `<=`), spacing and sizing
 * commands, styles, separators of thousands. Nothing here changes the meaning.
 */
import { closingBrace } from '../../../text/boxed.js'
import { withoutPresentation } from '../../presentation.js'
import { compatible } from '../exact.js'

const signs: Readonly<Record<string, string>> = {
  '−': '-',
  '‒': '-',
  '–': '-',
  '×': '\\times ',
  '·': '\\cdot ',
  '⋅': '\\cdot ',
  '∗': '\\cdot ',
  '÷': '\\div ',
  '⁄': '/',
  '∕': '/',
  π: '\\pi ',
  '∞': '\\infty ',
  '√': '\\sqrt ',
  '∛': '\\sqrt[3]',
  '≤': '\\le ',
  '⩽': '\\le ',
  '≥': '\\ge ',
  '⩾': '\\ge ',
  '≠': '\\ne ',
  '≈': '\\approx ',
  '≃': '\\approx ',
  '∪': '\\cup ',
  '∩': '\\cap ',
  '∈': '\\in ',
  '∅': '\\emptyset ',
  '∖': '\\setminus ',
  ℝ: '\\mathbb{R}',
  ℤ: '\\mathbb{Z}',
  ℕ: '\\mathbb{N}',
  '±': '\\pm ',
  '∓': '\\mp ',
  '°': '^{\\circ}',
  '∠': '\\angle ',
  '△': '\\triangle ',
  '⟨': '\\langle ',
  '⟩': '\\rangle ',
  '，': ',',
  '、': ',',
  '；': ';',
  '′': "'",
  '’': "'",
  α: '\\alpha ',
  β: '\\beta ',
  γ: '\\gamma ',
  δ: '\\delta ',
  ε: '\\epsilon ',
  θ: '\\theta ',
  λ: '\\lambda ',
  μ: '\\mu ',
  ρ: '\\rho ',
  σ: '\\sigma ',
  τ: '\\tau ',
  φ: '\\phi ',
  ω: '\\omega ',
  Δ: '\\Delta ',
  Σ: '\\Sigma ',
  Ω: '\\Omega ',
}
const signPattern = new RegExp(`[${Object.keys(signs).join('')}]`, 'gu')

/** Commands by another name, or of size and space only. */
const commands: readonly (readonly [RegExp, string])[] = [
  [/\\(?:[dtc]frac|nicefrac|sfrac)(?![a-zA-Z])/gu, '\\frac'],
  [/\\[dt]binom(?![a-zA-Z])/gu, '\\binom'],
  [/\\(?:left|right|middle|big|Big|bigg|Bigg)[lrm]?\s*\./gu, ' '],
  [/\\(?:left|right|middle|[bB]igg?[lrm]?)(?![a-zA-Z])/gu, ''],
  [/\\(?:displaystyle|textstyle|limits|nolimits|strut|hfill|centering|bf|rm|it|mathop)(?![a-zA-Z])/gu, ' '],
  [/\\(?:[lr]vert)(?![a-zA-Z])/gu, '|'],
  [/\\lbrace(?![a-zA-Z])/gu, '\\{'],
  [/\\rbrace(?![a-zA-Z])/gu, '\\}'],
  [/\\lbrack(?![a-zA-Z])/gu, '['],
  [/\\rbrack(?![a-zA-Z])/gu, ']'],
  [/\\leq(?:slant|q)?(?![a-zA-Z])/gu, '\\le '],
  [/\\geq(?:slant|q)?(?![a-zA-Z])/gu, '\\ge '],
  [/\\neq(?![a-zA-Z])|\\not\s*=/gu, '\\ne '],
  [/\\lt(?![a-zA-Z])/gu, '<'],
  [/\\gt(?![a-zA-Z])/gu, '>'],
  [/\\(?:simeq|thickapprox|doteq)(?![a-zA-Z])/gu, '\\approx '],
  [/\\varnothing(?![a-zA-Z])/gu, '\\emptyset '],
  [/\\backslash(?![a-zA-Z])/gu, '\\setminus '],
  [/\\var(phi|epsilon|theta|rho|sigma)(?![a-zA-Z])/gu, '\\$1 '],
  [/\\(?:textbf|textit|textrm|textsf|textnormal|mbox|hbox|mathsf)(?=\s*\{)/gu, '\\text'],
  [/\\mathrm\s*\{\s*([eid])\s*\}/gu, '$1 '],
  [/\\(?:mathrm|operatorname\*?)\s*\{\s*(?:tg)\s*\}/gu, '\\tan '],
  [/\\(?:mathrm|operatorname\*?)\s*\{\s*(?:ctg)\s*\}/gu, '\\cot '],
  [/\\(?:mathrm|operatorname\*?)\s*\{\s*(sin|cos|tan|cot|ln|log|arcsin|arccos|arctan|exp|max|min|gcd)\s*\}/gu, '\\$1 '],
  [/\\mathrm(?=\s*\{)/gu, '\\text'],
  [/\\q?quad/gu, ' '],
  [/\\(?:enspace|thinspace|medspace|space)(?![a-zA-Z])/gu, ' '],
  [/[([]\s*(\\begin\{([a-z]*(?:array|matrix))\}.*?\\end\{\2\})\s*[)\]]/gu, '$1'],
  [/(?<!\\)\\[,;:!> ]|~|\\hspace\s*\{[^{}]*\}/gu, ' '],
  [/\\(?:cdotp|ast|bullet)(?![a-zA-Z])/gu, '\\cdot '],
]

/** Plain-text maths; not inside words. */
const plain: readonly (readonly [RegExp, string])[] = [
  [/(?<=\d)\s*x\s*(?=10\s*\^)/gu, '\\times '],
  [/\*\*/gu, '^'],
  [/\*/gu, '\\cdot '],
  [/<=|=</gu, '\\le '],
  [/>=/gu, '\\ge '],
  [/!=|<>/gu, '\\ne '],
  [/:=/gu, '='],
  [/(?<![A-Za-z\\{])(pi|alpha|beta|gamma|delta|theta|lambda|omega|phi)(?![A-Za-z])/gu, '\\$1 '],
  [/(?<![A-Za-z\\])(?:infinity|infty|inf|oo)(?![A-Za-z])/gu, '\\infty '],
  [
    /(?<![A-Za-z\\])(arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|ln|log|exp)(?=\s*[(^_\d]|\s+[a-z](?![a-z])|[xy](?![a-z]))/gu,
    '\\$1 ',
  ],
  [/(?<![A-Za-z\\])asin(?=\s*\()/gu, '\\arcsin '],
  [/(?<![A-Za-z\\])acos(?=\s*\()/gu, '\\arccos '],
  [/(?<![A-Za-z\\])atan(?=\s*\()/gu, '\\arctan '],
]

export function cleanLatex(text: string): string {
  let latex = withoutPresentation(text.replace(/[\r\n\t]+/gu, ' '))
  latex = scripts(compatible(latex)).replace(signPattern, sign => signs[sign] ?? sign)
  latex = withoutDollars(latex)
  latex = withoutDoubledBackslashes(latex)
  latex = joinedThousands(latex)
  for (const [pattern, replacement] of commands) latex = latex.replace(pattern, replacement)
  latex = words(latex)
  for (const [pattern, replacement] of plain) latex = outsideText(latex, part => part.replace(pattern, replacement))
  latex = calledRoots(latex).replace(/(?<![\d.}])(\d+)\s+(\d+)\s*\/\s*(\d+)(?![\d.])/gu, '$1\\frac{$2}{$3}')
  latex = outsideText(latex, wholeExponents)
  return withoutPresentation(latex.replace(/\s+/gu, ' ').trim())
}

/** `x²` is `x^{2}`, `x₁` is `x_{1}`, `5½` is `5\frac{1}{2}`. */
function scripts(text: string): string {
  return text
    .replace(/[\u00b2\u00b3\u00b9\u2070-\u207f]+/gu, run => `^{${run.normalize('NFKC').replaceAll('−', '-')}}`)
    .replace(/[\u2080-\u208e\u2090-\u209c]+/gu, run => `_{${run.normalize('NFKC').replaceAll('−', '-')}}`)
    .replace(/[\u00bc-\u00be\u2150-\u215e]/gu, fraction => {
      const [above = '', below = ''] = fraction.normalize('NFKC').split('\u2044')
      return `\\frac{${above}}{${below}}`
    })
}

/** Without the marks of maths inside the answer (`$12$ and $13$`). A single `$` is a currency. */
function withoutDollars(text: string): string {
  const unmarked = text.replace(/\\[()[\]]/gu, mark => (mark === '\\[' || mark === '\\]' ? ' ' : ' '))
  const marks = unmarked.match(/(?<!\\)\$/gu)?.length ?? 0
  return marks >= 2 && marks % 2 === 0 ? unmarked.replace(/(?<!\\)\$+/gu, ' ') : unmarked
}

/** `\\frac` is `\frac` where no rows are written: the text was escaped twice. */
function withoutDoubledBackslashes(text: string): string {
  return text.includes('\\begin') ? text : text.replace(/\\\\(?=[a-zA-Z{}])/gu, '\\')
}

/** `1{,}000` and `1,\!000` are `1000`; `0{,}5` is `0.5`. */
function joinedThousands(text: string): string {
  return text
    .replace(/(?<=\d)\s*(?:\{\s*,\s*\}|,\s*\\!)\s*(?=\d{3}(?!\d))/gu, '')
    .replace(/(?<=\d)\s*\{\s*,\s*\}\s*(?=\d)/gu, '.')
    .replace(/(?<=\d)\\[,;:](?=\d{3}(?!\d))/gu, ' ')
}

/** `\text{ and }` and `\text{or}` join answers; `\text{...}` around anything else stays. */
function words(text: string): string {
  return text
    .replace(/\\text\s*\{\s*,?\s*(and|or)\s*,?\s*\}/gu, ' $1 ')
    .replace(/\\text\s*\{\s*(and|or)\s([^{}]*)\}/gu, ' $1 \\text{$2}')
    .replace(/\\(?:lor|vee|text\s*\{\s*或\s*\})(?![a-zA-Z])/gu, ' or ')
    .replace(/\\(?:land|wedge|text\s*\{\s*[和且]\s*\})(?![a-zA-Z])/gu, ' and ')
    .replace(/(?<=[\d)}a-z])\s*或\s*/gu, ' or ')
    .replace(/(?<=[\d)}a-z])\s*和\s*/gu, ' and ')
}

/** Applies a change outside of `\text{...}`. */
function outsideText(text: string, change: (part: string) => string): string {
  return text
    .split(/(\\text\s*\{[^{}]*\})/u)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}

/** `sqrt(x)`, `\sqrt(x)` and `sqrt2` are `\sqrt{x}` and `\sqrt{2}`. */
function calledRoots(text: string): string {
  let latex = text.replace(/(?<![A-Za-z\\])sqrt(?![A-Za-z])/gu, '\\sqrt')
  latex = latex.replace(/(?<![A-Za-z\\])cbrt(?=\s*\()/gu, '\\sqrt[3]')
  for (let start = latex.search(opened); start >= 0; start = latex.search(opened)) {
    const opening = latex.indexOf('(', start)
    const end = closingBracket(latex, opening)
    if (end < 0) break
    latex = `${latex.slice(0, opening)}{${latex.slice(opening + 1, end)}}${latex.slice(end + 1)}`
  }
  return latex.replace(/\\sqrt\s*(\d{2,})/gu, '\\sqrt{$1}')
}

const opened = /\\sqrt(?:\[[^\]]*\])?\s*\(/u

/** Index of the bracket that closes the one at `opening`; -1 if there is none. */
function closingBracket(text: string, opening: number): number {
  let depth = 0
  for (let index = opening; index < text.length; index++) {
    if (text[index] === '(') depth += 1
    else if (text[index] === ')' && --depth === 0) return index
  }
  return -1
}

/** `2^10`, `e^-2`, `2^(n+1)`: typed exponents go on to the end of the number or bracket. */
function wholeExponents(text: string): string {
  let latex = text.replace(/\^\s*(-?\s*\d+(?:\.\d+)?|-\s*[A-Za-z])/gu, '^{$1}').replace(/_\s*(\d+)/gu, '_{$1}')
  for (let start = latex.search(/\^\s*\(/u); start >= 0; start = latex.search(/\^\s*\(/u)) {
    const opening = latex.indexOf('(', start)
    const end = closingBracket(latex, opening)
    if (end < 0) break
    latex = `${latex.slice(0, start)}^{${latex.slice(opening + 1, end)}}${latex.slice(end + 1)}`
  }
  return latex
}

/** The text inside braces that hold all of it; null if they do not. `\{...\}` is no such pair. */
export function insideBraces(text: string): string | null {
  if (!text.startsWith('{') || closingBrace(text, 1) !== text.length - 1) return null
  return text.slice(1, -1).trim()
}
