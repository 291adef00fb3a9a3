/** The figures of what durability costs, by name, as the drills give them. Medians over the rounds. */
import { median } from '../../bench/statistics.js'
import type { Cut, DurableResult, Overhead } from './overhead.js'

/** The share that a run that is cut so takes more than the training called directly. */
export function costOf({ direct, durable }: Overhead, cut: Cut): number {
  const ratios = (durable.get(cut) ?? []).map(
    ({ steps }, round) => median(steps) / median(direct[round]?.steps ?? []) - 1,
  )
  return median(ratios)
}

export const dearestOf = (overhead: Overhead): number =>
  Math.max(...[...overhead.durable.keys()].map(cut => costOf(overhead, cut)))

export function overheadFigures(overhead: Overhead): Record<string, number> {
  const { direct, durable } = overhead
  const ofDurable = [...durable].flatMap(([cut, rounds]) => [
    [`durable ms a step, ${cut}`, median(rounds.map(({ steps }) => median(steps)))],
    [`overhead %, ${cut}`, 100 * costOf(overhead, cut)],
  ])
  return {
    'direct ms a step': median(direct.map(({ steps }) => median(steps))),
    'processor of direct ms a step': median(direct.map(({ processorMs }) => processorMs)),
    ...Object.fromEntries(ofDurable),
  }
}

/** Where the time of a step goes that is an activity or more, and what each process computes meanwhile. */
export function partFigures({ durable }: Overhead, cut: Cut): Record<string, number> {
  const rounds = durable.get(cut) ?? []
  const parts = rounds.flatMap(round => round.parts)
  const names = [...new Set(parts.flatMap(each => Object.keys(each)))] as (keyof (typeof parts)[number])[]
  const beside = parts.map(each =>
    Object.entries(each).reduce((sum, [name, ms]) => (name.endsWith(' computes') ? sum : sum + ms), 0),
  )
  const figures = {
    'beside computing ms a step': median(beside),
    ...Object.fromEntries(names.map(name => [`${name} ms`, median(parts.map(each => each[name] ?? 0))])),
    ...processorFigures(rounds),
  }
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${cut}: ${name}`, value]))
}

function processorFigures(rounds: readonly DurableResult[]): Record<string, number> {
  const names = new Set(rounds.flatMap(({ processors }) => Object.keys(processors)))
  return Object.fromEntries(
    [...names].map(name => [
      `processor of ${name} ms a step`,
      median(rounds.map(({ processors }) => processors[name] ?? 0)),
    ]),
  )
}
