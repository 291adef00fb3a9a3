/**
 * Units and currencies behind or before a number: `18 cm`, `$5`, `18 dollars`, `30 元`, `9.8 \text{ m/s}^2`. Units that mathjs knows
 * are converted; others are compared as text.
 */
import { createRequire } from 'node:module'
import type { MathJsInstance } from 'mathjs'
import { normalizeText } from './exact.js'

let unitOf: MathJsInstance['unit'] | undefined

/** mathjs is loaded when two different units meet for the first time: it takes a third of a second. */
function mathUnit(): MathJsInstance['unit'] {
  unitOf ??= (createRequire(import.meta.url)('mathjs') as MathJsInstance).unit
  return unitOf
}

/** Symbols of mathjs, or names of ours for currencies, by the words that exams use. */
const words: Readonly<Record<string, string>> = {
  $: 'usd',
  dollar: 'usd',
  dollars: 'usd',
  usd: 'usd',
  '¢': 'cent',
  cents: 'cent',
  cent: 'cent',
  '€': 'eur',
  euro: 'eur',
  euros: 'eur',
  eur: 'eur',
  '£': 'gbp',
  gbp: 'gbp',
  '¥': 'cny',
  '￥': 'cny',
  yuan: 'cny',
  rmb: 'cny',
  cny: 'cny',
  元: 'cny',
  块: 'cny',
  块钱: 'cny',
  厘米: 'cm',
  米: 'm',
  毫米: 'mm',
  千米: 'km',
  公里: 'km',
  分米: 'dm',
  平方米: 'm^2',
  平方厘米: 'cm^2',
  立方米: 'm^3',
  立方厘米: 'cm^3',
  克: 'g',
  千克: 'kg',
  公斤: 'kg',
  吨: 'tonne',
  升: 'L',
  毫升: 'mL',
  秒: 's',
  分钟: 'minute',
  小时: 'hour',
  天: 'day',
  周: 'week',
  年: 'year',
  sec: 's',
  secs: 's',
  min: 'minute',
  mins: 'minute',
  hr: 'hour',
  hrs: 'hour',
  h: 'hour',
  牛: 'N',
  牛顿: 'N',
  焦: 'J',
  焦耳: 'J',
  瓦: 'W',
  伏: 'V',
  安: 'A',
  欧: 'ohm',
  欧姆: 'ohm',
  赫兹: 'Hz',
  Ω: 'ohm',
  ω: 'ohm',
  '°': 'deg',
  度: 'deg',
  degrees: 'deg',
  degree: 'deg',
  '°c': 'degC',
  '℃': 'degC',
  摄氏度: 'degC',
  '°f': 'degF',
  '℉': 'degF',
}
const conjunctions = /\b(?:or|and|to|not|but|is|if)\b/iu
const before = /^([$€£¥￥])\s*(?=[-+.\d])/u
/** Letters, signs of units, exponents directly behind a letter; no other digits. */
const behind =
  /^(.*?[\d.)}])\s*((?:[\p{L}°$€£¥￥¢Ωμ℃℉]|(?<=[\p{L}})^])-?[\d²³]|(?<=\p{L}|\))\^\{?-?\d\}?|[ ./·*()](?=[\p{L}°(]|\))|\))+)$/u

/** A single letter is a unit only if it is one of these: `5x` is not a number with a unit. */
const letterUnits = /^[msgNJWVAKCFTHLlhtΩ]$/u

/** The number's text and the unit; null for no unit. TeX around the unit (`\text{ cm}`, `\mathrm{m}/\mathrm{s}^2`) is removed. */
export function splitUnit(text: string): { number: string; unit: string | null } {
  const plain = text
    .replace(/\\(?:text|mathrm|rm|textrm|mbox|operatorname)\s*\{([^{}]*)\}/gu, ' $1')
    .replace(/\^\{?\\circ\}?/gu, '°')
    .replace(/\\\$/gu, '$')
    .replace(/\\(?:degree|celsius)(?![a-z])/gu, '°')
    .replace(/\\(?:Omega|ohm)(?![a-z])/gu, 'Ω')
    .trim()
  const sign = /^[-+]/u.exec(plain)?.[0] ?? ''
  const unsigned = plain.slice(sign.length).trimStart()
  const currency = before.exec(unsigned)
  if (currency !== null) return { number: sign + unsigned.slice(currency[0].length), unit: currency[1] ?? null }
  const match = behind.exec(plain)
  const [, number = '', unit = ''] = match ?? []
  const name = unit.trim()
  const isUnit =
    name !== '' &&
    name.length <= 40 &&
    !conjunctions.test(name) &&
    (!/^[A-Za-z]$/u.test(name) || letterUnits.test(name))
  return isUnit ? { number, unit: name } : { number: plain, unit: null }
}

/** `value` in `unit`, expressed in `other`; null if they do not measure the same thing. */
export function convert(value: number, unit: string, other: string): number | null {
  const [from, to] = [symbolOf(unit), symbolOf(other)]
  if (from === to) return value
  try {
    return mathUnit()(value, from).toNumber(to)
  } catch {
    // mathjs throws for a unit that it does not know and for one of another dimension: neither can be converted.
    return null
  }
}

function symbolOf(unit: string): string {
  const plain = unit
    .replaceAll('²', '^2')
    .replaceAll('³', '^3')
    .replaceAll('·', '*')
    .replace(/\{(-?\d)\}/gu, '$1')
    .trim()
  return words[plain] ?? words[normalizeText(plain)] ?? plain.replace(/([\p{L})])(-?\d)/gu, '$1^$2')
}
