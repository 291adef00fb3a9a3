/** The experiments of a sweep in the order in which they start. The workflow and the commands that show it must agree on it. */
import type { ExperimentConfig, SweepPlan } from './schema.js'

export interface SweepCell {
  arm: string
  seed: number
  /** The arm's, with the seed of the cell. */
  config: ExperimentConfig
}

/** Workflow id of an experiment of a sweep, and its folder under `runs/`. */
export function idInSweep(sweep: string, { arm, seed }: { arm: string; seed: number }): string {
  return `${sweep}/${arm}/seed-${seed}`
}

/**
 * As many seeds at a time as run at once, and all their arms before the next: their warm starts, which the arms of a seed
 * share, are made beside one another, and an unfinished sweep has paired seeds to compare. Seeds that are left over, too few for
 * all places, have their warm starts made beside the arms of those before them, because places would wait otherwise.
 */
export function startOrder({
  settings: { seeds, concurrency },
  arms,
}: Pick<SweepPlan, 'settings' | 'arms'>): SweepCell[] {
  const whole = Math.max(1, Math.floor(seeds.length / concurrency))
  const blocks = Array.from({ length: whole }, (_, index) =>
    seeds.slice(index * concurrency, (index + 1) * concurrency),
  )
  const leftOver = seeds.slice(whole * concurrency)
  const keys = new Set<string>()
  const isFirst = arms.map(({ config }) => {
    const key = warmStartKey(config)
    const first = !keys.has(key)
    keys.add(key)
    return first
  })
  const isFirstOfItsStart = (arm: number) => isFirst[arm] === true
  const cells = ({ name, config }: SweepPlan['arms'][number], of: readonly number[]) =>
    of.map(seed => ({ arm: name, seed, config: { ...config, seed } }))
  return [
    ...blocks.flatMap((block, index) => {
      const beside = index === blocks.length - 1 ? leftOver : []
      return arms.flatMap((arm, place) => cells(arm, isFirstOfItsStart(place) ? [...block, ...beside] : block))
    }),
    ...arms.flatMap((arm, place) => (isFirstOfItsStart(place) ? [] : cells(arm, leftOver))),
  ]
}

/** What decides a warm start and its evaluation, besides the seed: arms that are alike in it share them. */
export function warmStartKey(config: ExperimentConfig): string {
  const { data, policy, warmStart, engine, evaluation } = config
  return JSON.stringify([data, policy, warmStart, engine, evaluation.transfer, taughtBy(config)])
}

/** What else decides how a checkpoint is taught; null if it is not. */
export function taughtBy({ policy, update, rollout, reward }: ExperimentConfig): object | null {
  if (policy.from !== 'checkpoint' || policy.warmStart === undefined || policy.warmStart === null) return null
  const { adapter, microBatch, tokenBudget, gradientCheckpointing } = update
  return {
    ...{ warmStart: policy.warmStart, adapter, microBatch, tokenBudget, gradientCheckpointing },
    ...{ maxTokens: rollout.maxTokens, answer: reward.answer },
  }
}
