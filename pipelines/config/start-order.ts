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
 * share, are made beside one another, and an unfinished sweep has paired seeds to compare.
 */
export function startOrder({
  settings: { seeds, concurrency },
  arms,
}: Pick<SweepPlan, 'settings' | 'arms'>): SweepCell[] {
  const blocks = Array.from({ length: Math.ceil(seeds.length / concurrency) }, (_, index) =>
    seeds.slice(index * concurrency, (index + 1) * concurrency),
  )
  return blocks.flatMap(block =>
    arms.flatMap(({ name, config }) => block.map(seed => ({ arm: name, seed, config: { ...config, seed } }))),
  )
}
