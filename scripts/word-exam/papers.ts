/**
 * Papers of questions in words, of 100 points each, as rows of a data file. Most questions of a paper are cheap sums; half of its points
 * are two bills. `otherPoints` deals the same points to the questions of a paper by chance: with them a question's value says nothing
 * about its kind, so that a study with them is a null.
 */
import { stream } from '../../pipelines/random.js'
import { ask, drawsOf, type Part, type SectionName, sectionNames } from './questions.js'

/** Questions of a paper, and the points of each. */
export const composition: Readonly<Record<SectionName, { count: number; points: number }>> = {
  sum: { count: 12, points: 1 },
  difference: { count: 4, points: 4 },
  product: { count: 2, points: 11 },
  bill: { count: 2, points: 25 },
}

export const total = 100

/** Papers of each part, and the seed, of the files in configs/real/. */
export const defaults = { train: 60, test: 10, seed: 1 } as const

export interface Row {
  id: string
  exam: string
  section: SectionName
  prompt: string
  answer: number
  working: string
  points: number
  otherPoints: number
  total: number
}

export function papers({ part, count, seed }: { part: Part; count: number; seed: number }): Row[] {
  const questions = stream(seed, `word exam: questions of ${part}`)
  const orders = stream(seed, `word exam: orders of ${part}`)
  const places = sectionNames.flatMap(section =>
    Array.from({ length: composition[section].count }, () => ({ section, points: composition[section].points })),
  )
  return Array.from({ length: count }, (_, paper) => {
    const order = orders.permutation(places.length, 2 * paper)
    const dealt = orders.permutation(places.length, 2 * paper + 1)
    const exam = `${part}-${String(paper + 1).padStart(3, '0')}`
    return order.map((from, place): Row => {
      const { section, points } = places[from] as (typeof places)[number]
      const { prompt, answer, working } = ask(section, part, drawsOf(questions, paper, place))
      const otherPoints = places[dealt[place] as number]?.points ?? 0
      const id = `${exam}-${String(place + 1).padStart(2, '0')}`
      return { id, exam, section, prompt, answer, working, points, otherPoints, total }
    })
  }).flat()
}

export const jsonLines = (rows: readonly Row[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')
