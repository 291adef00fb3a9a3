/** T_i as the sum of an exam's points, where a file has no totals. */
import type { Draft } from './item-of-row.js'

/** Sums of points by exam. Rows that are refused for another reason count: their points are part of the paper. */
export class Sums {
  readonly #sums = new Map<string, number>()

  add(name: string, points: number): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + points)
  }

  /** The draft with the sum as its total. */
  settle(draft: Draft): Draft {
    if (draft.sumOf === undefined) return draft
    const sum = this.#sums.get(draft.sumOf) ?? draft.item.points
    // 0.1 + 0.2 is 0.3: points have a few decimals.
    return { ...draft, item: { ...draft.item, total: Math.max(draft.item.points, Number(sum.toPrecision(12))) } }
  }
}
