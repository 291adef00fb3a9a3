/**
 * Units behind a value of maths. A letter there is a factor (`5m` is 5 times m), so a unit is a word, `\text{...}`, a known
 * abbreviation, a degree, a percent or a currency.
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
const textBehind = /\s*((?:\\text\s*\{\s*[^{}]*\}\s*(?:\^\s*(?:\{\s*-?\d\s*\}|\d))?\s*(?:\/|\\cdot)?\s*)+)$/u
const degreeBehind = /\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)\s*([CF]|\\text\s*\{\s*[CF]\s*\})?$/u
const abbreviation =
  '(?:mm|cm|dm|km|mg|kg|mL|ml|cL|dL|kW|kWh|MW|Hz|kHz|MHz|GHz|Pa|kPa|kJ|kN|min|hrs?|sec|ft|lbs?|oz|mph|rad|deg|eV|mol|USD|EUR|sq|cu)'
const wordsBehind = new RegExp(
  `(?<=[\\d)}])\\s*((?:${abbreviation}(?![A-Za-z])(?:\\s*\\^\\s*\\{?-?\\d\\}?)?(?:\\s*/\\s*(?:${abbreviation}|[a-z])(?![A-Za-z])(?:\\s*\\^\\s*\\{?-?\\d\\}?)?)?)|(?<=\\s|[\\d)}])[a-z]{3,}(?:\\s+[a-z]{2,})*)$`,
  'u',
)
/** Words that make another statement of the number. */
const statement = /\b(?:or|and|to|not|but|is|if|more|less|least|most|about|than|only|for|when|where|with|mod)\b/iu

export function splitUnit(text: string): WithUnit {
  const percent = percentBehind.exec(text)
  if (percent !== null) return { number: text.slice(0, percent.index).trim(), unit: null, percent: true }
  const before = currencyBefore.exec(text)
  if (before !== null) return unitOf(`${before[1]}${text.slice(before[0].length)}`, before[2] ?? '$')
  const behind = currencyBehind.exec(text)
  if (behind !== null) return unitOf(text.slice(0, behind.index), behind[1] ?? '$')
  const degree = degreeBehind.exec(text)
  if (degree !== null) return unitOf(text.slice(0, degree.index), `°${degree[1]?.replace(/[^CF]/gu, '') ?? ''}`)
  const named = textBehind.exec(text) ?? wordsBehind.exec(text)
  const unit = named?.[1]?.trim() ?? ''
  if (named === null || statement.test(unit)) return { number: text, unit: null, percent: false }
  return unitOf(text.slice(0, named.index), plainUnit(unit))
}

function unitOf(number: string, unit: string): WithUnit {
  return { number: number.trim(), unit: unit === '' ? null : unit, percent: false }
}

function plainUnit(unit: string): string {
  return unit
    .replace(/\\text\s*\{\s*([^{}]*?)\s*\}/gu, '$1')
    .replace(/\s*\^\s*\{?\s*(-?\d)\s*\}?/gu, '^$1')
    .replace(/\s*\\cdot\s*/gu, '*')
    .replace(/\s+/gu, ' ')
    .trim()
}
