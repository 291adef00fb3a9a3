/**
 * Predicts the value transmission of an experiment from the policy's answers. The preflight of `rlev plan` assumes that pass rates and
 * lengths do not depend on values. If a baseline or a deviation is shared by the batch, the transmission depends on what the policy can
 * do. So each evaluation's answers to the test items replace the assumption; they stand for the training steps around it.
 */

import {
  answeredGroups,
  type SimulatedGroup,
  simulatedStep,
  simulateGroups,
  valuedItems,
} from '../advantages/simulated-step.js'
import { type StepSignal, weighted } from '../advantages/transmission.js'
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { ItemValue } from '../values/value.js'
import type { ItemOutcome } from './evaluation.js'

/** Signals of simulated steps; the transmission is computed from their sums. */
export interface PredictedSignals {
  /** From the preflight's assumption. */
  plan: readonly StepSignal[]
  /** From the policy's answers; empty if evaluations draw fewer samples an item than a prompt gets in training. */
  answers: readonly StepSignal[]
}

/** Simulated prompts: over all evaluations of an experiment, and at least for each. With so many, the scatter of the steps dominates. */
const prompts = { all: 4096, each: 256 }

export interface Evaluated {
  step: number
  /** In the order of the test items. */
  outcomes: readonly ItemOutcome[]
}

/** Null if no reward is scaled by value, or without training. */
export function predictedSignals({
  config,
  train,
  values,
  test,
  evaluations,
}: {
  config: ExperimentConfig
  /** Training items, in the order of their values. */
  train: readonly Pick<Item, 'section' | 'negative'>[]
  values: readonly ItemValue[]
  test: readonly { section: string }[]
  /** In order of steps. */
  evaluations: readonly Evaluated[]
}): PredictedSignals | null {
  const { scale } = config.reward
  if (scale === 'correctness' || scale === 'uniform' || config.steps === 0 || values.length === 0) return null
  const signalsOf = (batches: readonly (readonly SimulatedGroup[])[]) =>
    simulatedStep({ values, batches, config }).signals
  const plan = signalsOf(simulateGroups(valuedItems(values, train), config))
  if (config.evaluation.samples < config.rollout.samples) return { plan, answers: [] }
  const groups = Math.max(prompts.each, Math.ceil(prompts.all / evaluations.length))
  const answers = evaluations.flatMap(({ step, outcomes }, index) => {
    const answered = outcomes.map(({ samples }, item) => ({ section: test[item]?.section ?? '', samples }))
    const share = stepsAround(evaluations, index)
    const signals = signalsOf(
      answeredGroups({ items: train, answered, config, groups, draw: `seed ${config.seed} step ${step}` }),
    )
    return signals.map(signal => weighted(signal, share / signals.length))
  })
  return { plan, answers }
}

/** Training steps that an evaluation represents: half of the steps to each neighbouring evaluation. */
function stepsAround(evaluations: readonly Evaluated[], index: number): number {
  const at = (position: number) => evaluations[Math.min(Math.max(position, 0), evaluations.length - 1)]?.step ?? 0
  return (at(index + 1) - at(index - 1)) / 2
}
