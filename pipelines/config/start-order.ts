/** The experiments of a sweep in the order in which they start. The workflow and whoever looks at it must agree on it. */
import type { ExperimentConfig, SweepPlan } from './schema.js'

export interface SweepCell {
  arm: string
  seed: number
  /** The arm's, with the seed of the cell. */
  config: ExperimentConfig
}

/**
 * As many seeds at a time as run at once, and all their arms before the next: their warm starts, which the arms of a seed
 * share, are made beside one another, and an unfinished sweep has paired seeds to compare. Seeds that are left over, too few for
 * all places, have their warm starts made beside the arms of those before them, for otherwise places would wait.
 */
export function startOrder({
  settings: { seeds, concurrency },
  arms,
}: Pick<SweepPlan, 'settings' | 'arms'>): SweepCell[] {
  const blocks = Array.from({ length: Math.ceil(seeds.length / concurrency) }, (_, index) =>
    seeds.slice(index * concurrency, (index + 1) * concurrency),
  )
  const hasLeftOver = blocks.length > 1 && seeds.length % concurrency !== 0
  const leftOver = hasLeftOver ? (blocks.pop() ?? []) : []
  const starting = new Set(new Map(arms.toReversed().map(arm => [warmStartKey(arm.config), arm])).values())
  const cells = ({ name, config }: SweepPlan['arms'][number], of: readonly number[]) =>
    of.map(seed => ({ arm: name, seed, config: { ...config, seed } }))
  return [
    ...blocks.flatMap((block, index) => {
      const beside = index === blocks.length - 1 ? leftOver : []
      return arms.flatMap(arm => cells(arm, starting.has(arm) ? [...block, ...beside] : block))
    }),
    ...arms.flatMap(arm => (starting.has(arm) ? [] : cells(arm, leftOver))),
  ]
}

/** What decides a warm start and its evaluation, besides the seed: arms that are alike in it share them. */
export function warmStartKey({ data, policy, warmStart, engine, evaluation }: ExperimentConfig): string {
  return JSON.stringify([data, policy, warmStart, engine, evaluation.transfer])
}
