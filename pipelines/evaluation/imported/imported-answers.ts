/** The rows of one evaluation that was made elsewhere as answers to the test items: one row an item, each with as many samples. */
import type { Item } from '../../data/item.js'
import { someOf } from '../../text/examples.js'
import type { Answer, ItemAnswers } from '../answer-items.js'
import type { ImportedRow, Said } from './imported-row.js'

export interface PlacedRow {
  row: ImportedRow
  /** File and row, for errors. */
  place: string
}

export interface Expected {
  items: readonly Item[]
  /** Sampled responses an item (`evaluation.samples`). */
  samples: number
}

/** What is wrong with a set, an entry a kind of fault; empty for a whole one. */
export function faultsOf(rows: readonly PlacedRow[], { items, samples }: Expected): string[] {
  const known = new Set(items.map(({ id }) => id))
  const first = new Map<string, PlacedRow>()
  const doubled: string[] = []
  const unknown: string[] = []
  const unequal: string[] = []
  for (const placed of rows) {
    const { row, place } = placed
    const before = first.get(row.id)
    if (before === undefined) first.set(row.id, placed)
    else doubled.push(`${row.id} (${before.place}, ${place})`)
    if (!known.has(row.id)) unknown.push(`${row.id} (${place})`)
    if (row.samples.length !== samples) unequal.push(`${row.id} with ${row.samples.length} (${place})`)
  }
  const missing = items.filter(({ id }) => !first.has(id)).map(({ id }) => id)
  const greedy = rows.filter(({ row }) => row.greedy !== undefined)
  const without = rows.filter(({ row }) => row.greedy === undefined).map(({ row, place }) => `${row.id} (${place})`)
  return [
    ...fault('without a row', missing),
    ...fault('with two rows', doubled),
    ...fault('that the test set does not have', unknown),
    ...fault(`without the ${samples} sampled responses that evaluation.samples expects`, unequal),
    ...(greedy.length === 0 ? [] : fault('without a greedy response, which others have', without)),
  ]
}

function fault(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return []
  return [`${ids.length} ${ids.length === 1 ? 'item' : 'items'} ${what}: ${someOf(ids.slice(0, shown), ids.length)}`]
}

/** Items that a fault names. */
const shown = 3

/**
 * In the order of the items; the rows have no faults. Without greedy responses the first sampled one of an item stands in their place.
 * `lengthOf`: the tokens of a response whose row does not say.
 */
export function answersOf(
  rows: readonly PlacedRow[],
  items: readonly Item[],
  lengthOf: (said: Said) => number,
): ItemAnswers[] {
  const byId = new Map(rows.map(({ row }) => [row.id, row]))
  const answer = (said: Said): Answer => ({
    text: said.text,
    length: said.length ?? lengthOf(said),
    finish: said.finish,
  })
  return items.map(({ id }) => {
    const row = byId.get(id)
    const greedy = row?.greedy ?? row?.samples[0]
    if (row === undefined || greedy === undefined) throw new RangeError(`no response to item ${id}`)
    return { itemId: id, greedy: { ...answer(greedy), eosProbabilities: [] }, samples: row.samples.map(answer) }
  })
}
