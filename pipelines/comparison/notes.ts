/** Sentences that a reader of a comparison needs: what the intervals are, what is missing, and what could mislead. */

import { configDifference } from '../config/difference.js'
import type { Evaluation } from '../evaluation/evaluation.js'
import { grouped } from '../grouped.js'
import { markingOf } from '../rewards/verify.js'
import type { ArmComparison } from './comparison.js'
import { lengthNotes } from './length-notes.js'
import type { ExperimentOutcome, FinishedOutcome } from './outcome.js'

export function notesOn({
  arms,
  severalBaselines,
  outcomes,
  finished,
}: {
  arms: readonly ArmComparison[]
  severalBaselines: boolean
  outcomes: readonly ExperimentOutcome[]
  /** Those that count. */
  finished: readonly FinishedOutcome[]
}): string[] {
  return [
    ...elsewhereNotes(outcomes),
    ...seedNotes(arms, finished),
    ...(severalBaselines ? [baselineNote(arms)] : []),
    ...testNotes(arms),
    ...startNotes(arms, finished),
    ...markingNotes(arms, finished),
    ...lengthNotes(arms, finished),
    ...driftNotes(outcomes),
    ...missingItemNotes(finished),
  ]
}

function seedNotes(arms: readonly ArmComparison[], finished: readonly FinishedOutcome[]): string[] {
  const seeds = Math.max(0, ...arms.map(arm => arm.seeds.length))
  if (seeds === 0) return []
  if (seeds === 1) {
    return ['One seed: no interval and no test can be given. A difference between two single runs can be chance alone.']
  }
  const dynamic = finished.some(({ outcome }) => outcome.config.rollout.dynamicSampling != null)
  const elsewhere = finished.some(({ outcome }) => outcome.elsewhere !== undefined)
  const same = elsewhere
    ? 'what a seed decides is for the trainer to say'
    : dynamic
      ? 'same data, warm start and evaluation samples. Prompts are the same but for those that dynamic sampling replaced'
      : 'same data, warm start, prompts and evaluation samples'
  const paired = `Differences are paired by seed: ${same}.`
  if (seeds === 2) return [`Two seeds: too few for an interval that says anything. ${paired}`]
  const overItems = arms.some(arm => arm.endpointDifference?.seedsAndItems != null)
  return [
    `± is the half width of the 95% interval of Student's t over seeds. ${paired}`,
    ...(overItems
      ? [
          'Over seeds and items: the 95% interval that also treats the test items as a sample of the exam, within its sections. Its coverage is 95% from five seeds on.',
        ]
      : []),
  ]
}

/** Once a run. */
function elsewhereNotes(outcomes: readonly ExperimentOutcome[]): string[] {
  const notes = outcomes.flatMap(({ name, elsewhere }) => {
    if (elsewhere === undefined) return []
    const { trainer, greedy } = elsewhere
    return [
      `${name} was trained elsewhere by ${trainer}: its responses were imported, and marked here.`,
      ...(greedy === 'given'
        ? []
        : [
            `${name} has no greedy responses: its greedy columns are those of the first sampled response of each item.`,
          ]),
    ]
  })
  return [...new Set(notes)]
}

function baselineNote(arms: readonly ArmComparison[]): string {
  const pairs = arms.flatMap(({ arm, against }) => (against === null ? [] : [`${arm} with ${against}`]))
  return `Compared are ${pairs.join(', ')}.`
}

function testNotes(arms: readonly ArmComparison[]): string[] {
  const tested = arms.some(arm => arm.endpointDifference?.pHolm != null)
  return [
    ...(tested
      ? [
          "p is from the two-sided paired t-test on the endpoint. Holm's correction covers the arms that are not placebos.",
        ]
      : []),
    ...arms.flatMap(({ arm, role, against }) =>
      role === 'placebo'
        ? [
            `${arm} is a declared placebo: no difference to ${against} is expected. A difference shows how large the noise is.`,
          ]
        : [],
    ),
    ...arms.flatMap(({ arm, transmission }) =>
      transmission?.cancelled
        ? [
            `${arm}: value transmission 0.00 over ${transmission.steps} steps. Its estimator cancels the value, so the arm takes the same steps as with correctness rewards.`,
          ]
        : [],
    ),
  ]
}

/** Arms that did not start from the policy of their baseline: their difference is not one of training alone. */
function startNotes(arms: readonly ArmComparison[], finished: readonly FinishedOutcome[]): string[] {
  const byArm = grouped(finished, ({ outcome }) => outcome.arm as string | null)
  return arms.flatMap(({ arm, against }) => {
    const pairs = (byArm.get(arm) ?? []).flatMap(({ outcome, base }) => {
      const other = byArm.get(against)?.find(one => one.outcome.seed === outcome.seed)
      return other === undefined || samePolicy(base, other.base) ? [] : [{ base, other: other.base }]
    })
    const [first] = pairs
    if (first === undefined) return []
    const acc = ({ greedy }: Evaluation) => `${(100 * greedy.acc).toFixed(1)}%`
    return [
      `${arm} and ${against} start from different policies: before training, greedy Acc is ${acc(first.base)} and ${acc(first.other)}. Their difference is not the effect of training alone.`,
    ]
  })
}

/** Arms whose answers are marked by other rules than those of their baseline. */
function markingNotes(arms: readonly ArmComparison[], finished: readonly FinishedOutcome[]): string[] {
  const byArm = grouped(finished, ({ outcome }) => outcome.arm as string | null)
  const markingOfArm = (name: string | null) => {
    const found = byArm.get(name)?.[0]
    return found === undefined ? undefined : markingOf(found.outcome.config)
  }
  return arms.flatMap(({ arm, against }) => {
    const [own, other] = [markingOfArm(arm), markingOfArm(against)]
    const keys = own === undefined || other === undefined ? [] : configDifference(other, own).map(({ path }) => path)
    return keys.length === 0
      ? []
      : [
          `${arm} and ${against} mark answers by different rules (${keys.map(key => `reward.${key}`).join(', ')}), in the evaluation too. A difference in H-Acc is also one of the marking.`,
        ]
  })
}

/** Greedy responses do not depend on samples, so equal policies have equal greedy columns. */
function samePolicy(one: Evaluation, other: Evaluation): boolean {
  // Versions that did not keep the share of cut responses made the same columns without it.
  const columns = ({ greedy }: Evaluation) => JSON.stringify({ ...greedy, cut: undefined })
  return columns(one) === columns(other)
}

/** Once a run: its experiments carry the same sentences. */
function driftNotes(outcomes: readonly ExperimentOutcome[]): string[] {
  const notes = outcomes.flatMap(({ name, drifts = [] }) =>
    drifts.map(drift => `${name} went on with changed code or config, ${drift}.`),
  )
  return [...new Set(notes)]
}

function missingItemNotes(finished: readonly FinishedOutcome[]): string[] {
  const gone = finished.flatMap(({ outcome: { arm, seed, itemsGone } }) => (itemsGone ? `${arm} seed ${seed}` : []))
  if (gone.length === 0) return []
  return [
    `The results on single test items are missing or damaged for ${gone.join(', ')} (\`rlev verify\` says which file). Intervals over items, flips, value against difficulty and the transmission predicted from the policy's answers leave them out.`,
  ]
}
