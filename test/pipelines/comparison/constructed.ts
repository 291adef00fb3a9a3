/** Outcomes of sweeps that never ran, made from simple formulas, for tests of comparison and report. */

import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import { type ExperimentConfig, experimentSchema, type SweepPlan } from '../../../pipelines/config/schema.js'
import type { Columns, Evaluation } from '../../../pipelines/evaluation/evaluation.js'
import type { Undecided } from '../../../pipelines/evaluation/undecided.js'

export interface ArmEffect {
  name: string
  /** Added to expected H-Acc at every step after the base, in [0, 1]. */
  effect: number
  reward?: Partial<ExperimentConfig['reward']>
}

export const fourArms: ArmEffect[] = [
  { name: 'correctness', effect: 0, reward: { scale: 'correctness' } },
  { name: 'human-aligned', effect: 0.06 },
  { name: 'shuffled', effect: -0.01 },
  { name: 'uniform', effect: 0.001, reward: { scale: 'uniform' } },
]

export function constructedPlan(seeds: number[], arms: ArmEffect[] = fourArms): SweepPlan {
  return {
    kind: 'sweep',
    name: 'study',
    settings: {
      baseline: 'correctness',
      placebo: ['uniform'],
      seeds,
      concurrency: 2,
      endpoint: 'expected-h-acc-curve',
    },
    arms: arms.map(({ name, reward }) => ({ name, config: experimentSchema.parse({ name: 'study', reward }) })),
    warnings: [],
  }
}

/** Expected H-Acc: 0.3 at the base, then 0.5, 0.6, 0.7, plus the effect, plus a hundredth of the seed; the rest follows from it. */
export function constructedOutcome(plan: SweepPlan, arm: ArmEffect, seed: number): ExperimentOutcome {
  const config = plan.arms.find(one => one.name === arm.name)?.config
  if (config === undefined) throw new Error(`the plan has no arm ${arm.name}`)
  const own = (arm.effect * (10 + ((seed * 7 + arm.name.length) % 5))) / 12
  const curve = [0.3, 0.5, 0.6, 0.7].map((hAcc, index) => hAcc + seed / 100 + (index === 0 ? 0 : own))
  return {
    name: plan.name,
    arm: arm.name,
    seed,
    config: { ...config, seed },
    evaluations: curve.map((hAcc, index) => constructedEvaluation(20 * index, hAcc)),
    metrics: Array.from({ length: 60 }, (_, index) => ({
      step: index + 1,
      time: 1_700_000_000_000 + index,
      values: { 'reward/mean': 0.5 + index / 100, 'length/mean': 6 + index / 50, 'verdict/correct': 0.4 + index / 200 },
    })),
    weights: `${seed}`.repeat(64),
    valueStatistics: {
      n: 2000,
      mean: 0.05,
      quantiles: { 0: 0.01, 0.05: 0.01, 0.25: 0.01, 0.5: 0.01, 0.75: 0.08, 0.95: 0.25, 1: 0.25 },
      shareClipped: 0.15,
      histogram: [
        { from: 0, to: 0.05, count: 1400 },
        { from: 0.05, to: 0.1, count: 300 },
        { from: 0.1, to: 0.15, count: 100 },
        { from: 0.2, to: 0.25, count: 200 },
      ],
    },
    state: 'done',
  }
}

function decided(hAcc: number): Undecided {
  const at = (share: number) => ({ lowest: share, highest: share })
  return { share: 0, acc: at(hAcc + 0.1), hAcc: at(hAcc) }
}

function constructedEvaluation(step: number, hAcc: number): Evaluation {
  const columns = (shift: number): Columns => ({
    acc: hAcc + 0.1 + shift,
    hAcc: hAcc + shift,
    length: 7,
    valueDensity: (100 * (hAcc + shift)) / 7,
    accHigh: hAcc - 0.05,
    accLow: hAcc + 0.15,
    cut: 0.25 - hAcc / 4,
  })
  const section = (name: string, value: number, shift: number) => ({
    section: name,
    items: 400,
    value,
    greedy: { acc: hAcc + shift, hAcc: hAcc + shift, length: 5 + 20 * value },
    expected: { acc: hAcc + shift - 0.01, hAcc: hAcc + shift - 0.02, length: 5 + 21 * value },
  })
  return {
    step,
    items: 1600,
    greedy: columns(0.02),
    expected: columns(0),
    unscored: 0,
    undecided: { greedy: decided(hAcc + 0.02), expected: decided(hAcc) },
    passAtK: [],
    sections: [section('add1', 0.01, 0.1), section('add3', 0.25, -0.2)],
    eos: (['top', 'bottom'] as const).map(group => ({
      group,
      items: 200,
      probability: [0, 0.1, 0.5, 0.9],
      reached: [200, 200, 180, 90],
    })),
    responses: Array.from({ length: 10 }, (_, index) => ({
      itemId: `t${index}`,
      section: 'add1',
      prompt: `${index}+1=`,
      answer: `${index + 1}`,
      value: 0.01,
      text: `#${index + 1}`,
      verdict: 'correct' as const,
    })),
  }
}

export function constructedSweep(seeds: number[], arms: ArmEffect[] = fourArms) {
  const plan = constructedPlan(seeds, arms)
  return { plan, outcomes: arms.flatMap(arm => seeds.map(seed => constructedOutcome(plan, arm, seed))) }
}
