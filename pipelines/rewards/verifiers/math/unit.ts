/**
 * Units behind a value of maths. A letter there is a factor (`5m` is 5 times m), so a unit is a word, `\text{...}`, a known
 * abbreviation, a degree, a percent or a currency. `5 million` is a number.
 */

export interface WithUnit {
  number: string
  unit: string | null
  /** A hundredth: the sign is not a unit. */
  percent: boolean
}

const currencyBefore = /^([-+]?)\s*(?:\\\$|([$€£¥]))\s*(?=[\d.\\])/u
const currencyBehind = /\s*(?:\\\$|([$€£¥]))$/u
const percentBehind =
  /\s*(?:\\?%|\\text\s*\{\s*(?:\\?%|percent|pct|percentage)\s*\}|(?<![A-Za-z])(?:percent|pct|percentage))$/iu
const textBehind = /\s*((?:\\text\s*\{\s*[^{}]*\}\s*(?:\^\s*(?:\{\s*-?\d\s*\}|\d))?\s*(?:\/|\\cdot)?\s*){1,6})$/u
const degreeBehind = /\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)\s*([CF]|\\text\s*\{\s*[CF]\s*\})?$/u
const functions = /\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])/u
const abbreviation =
  '(?:mm|cm|dm|km|mg|kg|mL|ml|cL|dL|kW|kWh|MW|Hz|kHz|MHz|GHz|Pa|kPa|kJ|kN|min|hrs?|sec|ft|lbs?|oz|mph|rad|deg|eV|mol|USD|EUR|sq|cu)(?![A-Za-z])'
const exponent = '(?:\\s*\\^\\s*\\{?-?\\d\\}?)?'
const abbreviated = `${abbreviation}${exponent}(?:\\s*/\\s*(?:${abbreviation}|[a-z](?![A-Za-z]))${exponent})?`
const wordsBehind = new RegExp(
  `(?<=[\\d)}])\\s*(${abbreviated}|[a-z]{3,}(?:\\s+(?:per|of|a|an|[a-z]{3,}|${abbreviated}))*)$`,
  'u',
)
/** Words that make another statement of the number. */
const statement = new RegExp(
  `\\b(?:${[
    'or and to not but is are was if no more less least most about than only for when where with mod modulo because since',
    'wrong incorrect false maybe perhaps probably approximately plus minus times squared cubed over divided factorial root',
    'half halves thirds? fourths? quarters? fifths? tenths? hundredths? thousandths? except unless so then wait actually',
    'remainder other another ways? rather otherwise never cannot can could does did do may might must should would will be been',
    'i you he she we they it this that which what one two three four five six seven eight nine ten zero none neither either nor',
    'hmm+ oops sorry scratch nope yes yeah approx roughly nearly almost around exactly also too however although though',
    'correction instead unknown undefined undetermined guess think believe try check error mistake typo st nd rd th',
  ]
    .join(' ')
    .split(' ')
    .join('|')})\\b`,
  'iu',
)

const magnitude =
  /\s*(?:\\text\s*\{\s*)?(hundred|thousand|million|billion|trillion|dozen)\b\s*((?:[a-z ]*\})?[a-z ]*)$/iu
const magnitudes: Readonly<Record<string, string>> = {
  dozen: '12',
  hundred: '100',
  thousand: '1000',
  million: '1000000',
  billion: '1000000000',
  trillion: '1000000000000',
}

export function splitUnit(text: string): WithUnit {
  const large = magnitude.exec(text)
  if (large !== null) {
    const factor = magnitudes[(large[1] as string).toLowerCase()] as string
    const rest = splitUnit(`${text.slice(0, large.index)} ${(large[2] ?? '').replace('}', '').trim()}`.trim())
    return rest.number === '' ? rest : { ...rest, number: `(${rest.number})\\cdot ${factor}` }
  }
  const percent = percentBehind.exec(text)
  if (percent !== null) return { number: text.slice(0, percent.index).trim(), unit: null, percent: true }
  const before = currencyBefore.exec(text)
  if (before !== null) return withUnit(`${before[1]}${text.slice(before[0].length)}`, before[2] ?? '$')
  const behind = currencyBehind.exec(text)
  if (behind !== null) return withUnit(text.slice(0, behind.index), behind[1] ?? '$')
  const degree = functions.test(text) ? null : degreeBehind.exec(text)
  if (degree !== null) return withUnit(text.slice(0, degree.index), `°${degree[1]?.replace(/[^CF]/gu, '') ?? ''}`)
  return splitWords(text)
}

function splitWords(text: string): WithUnit {
  const named = textBehind.exec(text) ?? wordsBehind.exec(text)
  const unit = plainUnit(named?.[1] ?? '')
  // A number inside is another statement: `5\text{ of }6`; an exponent is not.
  if (named === null || statement.test(unit) || /(?<!\^-?)\d/u.test(unit)) {
    return { number: text, unit: null, percent: false }
  }
  return withUnit(text.slice(0, named.index), unit)
}

function withUnit(number: string, unit: string): WithUnit {
  return { number: number.trim(), unit: unit === '' ? null : unit, percent: false }
}

/** As plain text: `\text{m}/\text{s}^{2}` is `m/s^2`. */
export function plainUnit(unit: string): string {
  return unit
    .replace(/\\text\s*\{\s*([^{}]*?)\s*\}/gu, '$1')
    .replace(/\s*\^\s*\{?\s*(-?\d)\s*\}?/gu, '^$1')
    .replace(/\s*(?:\\cdot|\*)\s*/gu, '*')
    .replace(/\s+/gu, ' ')
    .trim()
}
