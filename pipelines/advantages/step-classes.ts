/** Classes of arms by the factors of their simulated steps: equal ones, and ones that are multiples of each other. */
import { stream } from '../random.js'
import type { PlannedArm } from './planned-arm.js'

/** Factors that differ by less are equal. They are of the order of 1. */
export const SAME = 1e-6

/**
 * Arms whose factors are positive multiples of each other, each class in the order given. To compare every arm with every other takes
 * too long, so arms are sorted by one number that multiples share, the projection of f / |f| onto a fixed direction, and compared with
 * those that are close in it.
 */
export function proportionalClasses(arms: readonly PlannedArm[]): PlannedArm[][] {
  const norm = (factors: readonly number[]) => Math.sqrt(factors.reduce((sum, value) => sum + value * value, 0))
  const random = stream(1, 'direction')
  const direction = (arms[0]?.step.factors ?? []).map((_, index) => random.uniform(index) - 0.5)
  const length = norm(direction)
  const projected = (factors: readonly number[]) => {
    const size = norm(factors)
    if (size === 0) return 0
    return factors.reduce((sum, value, index) => sum + value * (direction[index] ?? 0), 0) / size / length
  }
  // Each factor may be off by SAME, so a unit vector, and what it projects to, by so much divided by its length before.
  const margin = SAME * Math.sqrt(direction.length)
  return classesOf(
    arms,
    ({ step }) => projected(step.factors),
    ({ step }) => margin / (norm(step.factors) || 1),
    (a, b) => isMultiple(a.step.factors, b.step.factors, 1) || commonFactor(a.step.factors, b.step.factors) !== null,
  )
}

/** Of arms whose factors are multiples of each other: those whose factors are equal. */
export function equalClasses(arms: readonly PlannedArm[]): PlannedArm[][] {
  return classesOf(
    arms,
    ({ step }) => step.factors.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0),
    () => SAME,
    (a, b) => isMultiple(a.step.factors, b.step.factors, 1),
  )
}

/** Classes of `alike` arms. Only arms whose `mark` is closer than `margin` are compared. */
function classesOf(
  arms: readonly PlannedArm[],
  mark: (arm: PlannedArm) => number,
  margin: (arm: PlannedArm) => number,
  alike: (a: PlannedArm, b: PlannedArm) => boolean,
): PlannedArm[][] {
  const marked = arms.map((arm, index) => ({ arm, index, mark: mark(arm), margin: margin(arm) }))
  const classes: (typeof marked)[] = []
  let near: (typeof marked)[] = []
  for (const one of marked.toSorted((a, b) => a.mark - b.mark)) {
    near = near.filter(members => one.mark - (members.at(-1)?.mark ?? 0) <= one.margin + (members.at(-1)?.margin ?? 0))
    const found = near.find(([first]) => first !== undefined && alike(first.arm, one.arm))
    if (found !== undefined) found.push(one)
    else {
      near.push([one])
      classes.push(near.at(-1) as typeof marked)
    }
  }
  const inOrder = classes.map(members => members.toSorted((a, b) => a.index - b.index))
  return inOrder
    .toSorted((a, b) => (a[0]?.index ?? 0) - (b[0]?.index ?? 0))
    .map(members => members.map(({ arm }) => arm))
}

/** The largest |b - a|. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  return b.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (a[index] ?? 0))), 0)
}

/** c with b = c a up to rounding, or null. */
export function commonFactor(a: readonly number[], b: readonly number[]): number | null {
  const squares = a.reduce((sum, value) => sum + value * value, 0)
  if (squares === 0) return null
  const factor = a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0) / squares
  return factor > 0 && isMultiple(a, b, factor) ? factor : null
}

/** Whether b = factor a up to rounding. Most that differ do so within the first few factors. */
function isMultiple(a: readonly number[], b: readonly number[], factor: number): boolean {
  const tolerance = SAME * factor
  return b.every((value, index) => Math.abs(value - factor * (a[index] ?? 0)) <= tolerance)
}
