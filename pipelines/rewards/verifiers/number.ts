/**
 * Reads a number exactly, as a fraction of integers of any size, whichever way an exam writes it: signs, thousands separators,
 * decimals, scientific form, percent, fractions, mixed numbers, LaTeX.
 */
import { compatible } from './exact.js'

/** numerator / denominator, denominator above 0, not reduced. */
export interface ExactNumber {
  numerator: bigint
  denominator: bigint
  /** Whether it was written with a percent sign; the hundredth is in the value. */
  percent: boolean
}

/** Beyond these powers of ten a number is not an answer, and its integers would take long to multiply. */
const maxExponent = 400

const DIGITS = String.raw`(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)`
const DECIMAL = String.raw`(?:${DIGITS}(?:\.\d*)?|\.\d+)`
const SCIENTIFIC = new RegExp(String.raw`^([+-]?)(${DECIMAL})(?:e([+-]?\d+)|x10\^\{?([+-]?\d+)\}?)?(%?)$`)
const FRACTION = new RegExp(String.raw`^([+-]?)(?:(\d+) )?\(?([+-]?)(${DECIMAL})\)?/\(?(${DECIMAL})\)?(%?)$`)
/** `n =`, `x_1 =`, `\alpha\approx`: a name for the number. */
const NAME = /^\\?\p{L}[\p{L}\p{N}_{}\\' ]{0,20}(?:=|≈|≃|:)\s*(?=[-+.\d])/u

/** Plain text of a number: one kind of digits, minus, times and space; LaTeX written out. */
export function plainNumber(text: string): string {
  return compatible(text.replace(/(\d)([\u00bc-\u00be\u2150-\u215e])/gu, '$1 $2'))
    .replace(/[\u00bc-\u00be\u2150-\u215e\u2189]/gu, fraction => fraction.normalize('NFKC'))
    .replace(/\u2044/gu, '/')
    .replace(/\\(?:approx|simeq|sim)(?![a-z])/gu, '≈')
    .replace(/\\[dtc]?frac\s*(\d)\s*(\d)(?!\d)/gu, ' $1/$2')
    .replace(/\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/gu, ' $1/$2')
    .replace(/(\d)\{,\}(?=\d{3})/gu, '$1,')
    .replace(/(\d)(?:\\[,;:! ]|~)(?=\d{3}(?!\d))/gu, '$1 ')
    .replace(/\\[,;:!]|\\ |~/gu, ' ')
    .replace(/\\times(?![a-z])|\\cdot(?![a-z])|\u00d7|\u00b7/gu, 'x')
    .replace(
      /x\s*10([\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207a\u207b]+)/gu,
      (_, power: string) => `x10^${power.normalize('NFKC')}`,
    )
    .replace(/[\u2212\u2012\u2013]/gu, '-')
    .replace(/\\%/gu, '%')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/^[≈~]\s*/u, '')
    .replace(NAME, '')
    .replace(/^([+-]) /u, '$1')
    .replace(/ ?([x*/^%]) ?(?=[-+\d.{(]|$)/gu, '$1')
}

/** Null for text that is not one number. `text` is plain (plainNumber). */
export function readExactly(text: string): ExactNumber | null {
  const plain = text.toLowerCase().replaceAll('*10^', 'x10^')
  return readScientific(plain) ?? readFraction(plain)
}

function readScientific(text: string): ExactNumber | null {
  const match = SCIENTIFIC.exec(text)
  if (match === null) return null
  const [, sign = '', digits = '', e, power, percent] = match
  const value = decimal(digits, Number(e ?? power ?? 0) - (percent === '%' ? 2 : 0))
  return value === null ? null : { ...value, numerator: signed(sign, value.numerator), percent: percent === '%' }
}

function readFraction(text: string): ExactNumber | null {
  const match = FRACTION.exec(text)
  if (match === null) return null
  const [, sign = '', whole = '0', innerSign = '', above = '', below = '', percent] = match
  const [top, bottom] = [decimal(above, 0), decimal(below, 0)]
  if (top === null || bottom === null || bottom.numerator === 0n) return null
  const denominator = top.denominator * bottom.numerator
  const part = top.numerator * bottom.denominator
  const size = innerSign === '-' ? -part : BigInt(whole) * denominator + part
  return {
    numerator: signed(sign, size),
    denominator: percent === '%' ? denominator * 100n : denominator,
    percent: percent === '%',
  }
}

/** digits * 10^exponent; null beyond the limit. */
function decimal(digits: string, exponent: number): { numerator: bigint; denominator: bigint } | null {
  const [whole = '', part = ''] = digits.replace(/[, ]/gu, '').split('.')
  const power = exponent - part.length
  if (Math.abs(exponent) > maxExponent) return null
  const numerator = BigInt(`${whole}${part}` || '0')
  return power >= 0
    ? { numerator: numerator * 10n ** BigInt(power), denominator: 1n }
    : { numerator, denominator: 10n ** BigInt(-power) }
}

const signed = (sign: string, value: bigint): bigint => (sign === '-' ? -value : value)

export function isInteger({ numerator, denominator }: ExactNumber): boolean {
  return numerator % denominator === 0n
}

/** The nearest double, or nearly: both parts keep more than 53 bits. */
export function toDouble({ numerator, denominator }: ExactNumber): number {
  if (numerator === 0n) return 0
  const bits = (value: bigint) => (value < 0n ? -value : value).toString(2).length
  const shift = BigInt(Math.max(0, 66 - bits(numerator) + bits(denominator)))
  return Number((numerator << shift) / denominator) / 2 ** Number(shift)
}
