/** Points as people write them: 2.5, "5", `5 分`, `1/2`, `（6分）`, "3 marks"; and the points that the text of a question states. */

const UNITS = '(?:分|points?|pts?\\.?|marks?)'
/** Without `pt`, a length in TeX. */
const STATED_UNITS = '(?:分|points?|pts\\.?|marks?)'
const NUMBER = '\\d+(?:\\.\\d+)?|\\.\\d+'
const WRITTEN = new RegExp(`^([+-]?)(?:(\\d+) +)?(${NUMBER})(?: */ *(\\d+))? *${UNITS}?$`, 'i')

/** The number of a text; null if the text is not a number. `1,5` is not: it may be one and a half, or fifteen. */
export function readPoints(text: string): number | null {
  // Vulgar fractions: 2½ would become 21⁄2.
  const spaced = text.replace(/(?<=\d)(?=[¼-¾⅐-⅞])/g, ' ')
  const folded = spaced.normalize('NFKC').replaceAll('\u2044', '/').replaceAll('\u2212', '-').trim()
  const bare = /^[([【〔](.*)[)\]】〕]$/s.exec(folded)?.[1]?.trim() ?? folded
  const [, sign, whole, number, divisor] = WRITTEN.exec(bare) ?? []
  if (number === undefined || (whole !== undefined && divisor === undefined)) return null
  const part = Number(number) / Number(divisor ?? 1)
  const size = Number(whole ?? 0) + part
  return Number.isFinite(size) ? (sign === '-' ? -size : size) : null
}

/** What stands in brackets and ends in a unit of points: （本小题满分12分）, [5 points], (3 marks). Not 10 分钟. */
const STATED = new RegExp(`[([【〔]([^()[\\]【】〔〕]{0,60}?${STATED_UNITS}) *[)\\]】〕]`, 'gi')
const STATED_NUMBER = new RegExp(`(${NUMBER}) *${STATED_UNITS}`, 'gi')
const FOR_EACH = /[每各]|each/

/** Points that the text states in brackets, in order; those for each of several parts are left out. */
export function statedPoints(text: string): number[] {
  // Only the beginning: an exam states its points before the question, and the search is bounded.
  const searched = text.slice(0, MAX_SEARCHED)
  if (!MAY_STATE.test(searched)) return []
  const folded = searched.normalize('NFKC')
  return [...folded.matchAll(STATED)].flatMap(([, inside = '']) =>
    inside
      .split(/[,，;；、]/)
      .filter(part => !FOR_EACH.test(part))
      .flatMap(part => [...part.matchAll(STATED_NUMBER)].map(([, number]) => Number(number))),
  )
}

/** Most questions state none, and to fold them takes longer than this. Full-width letters become `points` and the like. */
const MAY_STATE = /分|p(?:oin)?t|mark|[Ａ-Ｚａ-ｚ]/i

const MAX_SEARCHED = 100_000

/** Whether points contradict those that the text states: neither one of these nor their sum. */
export function contradicts(points: number, stated: readonly number[]): boolean {
  if (stated.length === 0 || stated.includes(points)) return false
  return Math.abs(stated.reduce((sum, one) => sum + one, 0) - points) > 1e-9
}
