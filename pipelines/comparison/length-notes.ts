/** Arms whose runs have different lengths, because some ended early: what their comparison is then of. */
import type { ArmComparison } from './comparison.js'
import type { FinishedOutcome } from './outcome.js'

export function lengthNotes(arms: readonly ArmComparison[], finished: readonly FinishedOutcome[]): string[] {
  const stopped = finished.filter(({ outcome }) => outcome.stopped !== undefined)
  const lengths = new Set(finished.map(({ final }) => final.step))
  if (stopped.length === 0) return []
  const ofArm = arms.flatMap(({ arm }) => {
    const own = finished.filter(({ outcome }) => outcome.arm === arm)
    const steps = own.map(({ final }) => final.step)
    const early = own.filter(({ outcome }) => outcome.stopped !== undefined).length
    if (steps.length === 0) return []
    const [least, most] = [Math.min(...steps), Math.max(...steps)]
    const range = least === most ? `${most}` : `${least} to ${most}`
    return [`${arm} ${range} (${early} of ${own.length} ended early)`]
  })
  const different = lengths.size > 1
  return [
    `${different ? 'Runs have different lengths, because' : 'All runs have the same length, although'} evaluation.earlyStop ended some: steps of ${ofArm.join(', ')}.${
      different
        ? ' A mean over the curve is over the evaluations that a run has, and the end of a run is where it ended; a difference between arms is also one of length.'
        : ''
    }`,
  ]
}
