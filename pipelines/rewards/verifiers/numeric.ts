/**
 * The numeric verifier: answer and reference are the same number within a relative tolerance, however each is written.
 * Units are not read: `5 cm` is not a number here.
 */
import type { Verdict } from '../verdict.js'

const DIGITS = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)`
const DECIMAL = String.raw`(?:${DIGITS}(?:\.\d*)?|\.\d+)`
const SCIENTIFIC = new RegExp(String.raw`^([+-]?)(${DECIMAL})(?:e([+-]?\d+)|[x*]10\^\{?([+-]?\d+)\}?)?(%?)$`)
const FRACTION = new RegExp(String.raw`^([+-]?)(?:(\d+) )?(${DECIMAL})/(${DECIMAL})(%?)$`)

/**
 * A finite number, or null. Reads signs, thousands separators (1,234.5), scientific form (1.5e3, 1.5 x 10^3), percent
 * (12.5% is 0.125), fractions (3/4), mixed numbers (1 1/2), full-width digits, `$...$`, `\frac{3}{4}`.
 */
export function readNumber(text: string): number | null {
  // NFKC would read 10² as 102 and 1½ as 11/2.
  if (/[\u00b2\u00b3\u00b9\u2070-\u209f]/u.test(text)) return null
  const plain = text
    .replace(/(\d)([\u00bc-\u00be\u2150-\u215e])/gu, '$1 $2')
    .normalize('NFKC')
    .replace(/[\u2212\u2012\u2013]/gu, '-')
    .replace(/\u2044/gu, '/')
    .replace(/^\s*\$(.*)\$\s*$/su, '$1')
    .replace(/\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}/gu, ' $1/$2')
    .replace(/\\times|\\cdot|\u00d7|\u00b7/gu, 'x')
    .replace(/\\%/gu, '%')
    .toLowerCase()
    .trim()
    .replace(/\s+/gu, ' ')
    .replace(/^([+-]) /u, '$1')
    .replace(/ ?([x*/^%]) ?/gu, '$1')
  return readScientific(plain) ?? readFraction(plain)
}

function readScientific(text: string): number | null {
  const match = SCIENTIFIC.exec(text)
  if (match === null) return null
  const [, sign = '', digits = '', e, power, percent] = match
  // The percent goes into the exponent: 12.3% is the double nearest to 0.123, which 12.3 / 100 is not.
  const exponent = Number(e ?? power ?? 0) - (percent === '%' ? 2 : 0)
  return finite(Number(`${sign}${digits.replaceAll(',', '')}e${exponent}`))
}

function readFraction(text: string): number | null {
  const match = FRACTION.exec(text)
  if (match === null) return null
  const [, sign = '', whole = '0', above = '', below = '', percent] = match
  const size = Number(whole) + Number(above.replaceAll(',', '')) / Number(below.replaceAll(',', ''))
  return finite(((sign === '-' ? -1 : 1) * size) / (percent === '%' ? 100 : 1))
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/**
 * Correct if |answer - reference| <= tolerance * |reference|, so if the reference is 0 the answer must be 0. Unscored if the
 * reference is not a number.
 */
export function verifyNumeric({
  answer,
  reference,
  tolerance,
}: {
  answer: string | null
  reference: string
  /** Relative, as a share of the reference. */
  tolerance: number
}): Verdict {
  const expected = readNumber(reference)
  if (expected === null) return 'unscored'
  const found = answer === null ? null : readNumber(answer)
  return found !== null && Math.abs(found - expected) <= tolerance * Math.abs(expected) ? 'correct' : 'wrong'
}
