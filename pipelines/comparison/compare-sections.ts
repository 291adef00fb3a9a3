/** Acc, H-Acc and length by section, before and after, and against the baseline over the curve: in which sections an arm gains or loses. */

import type { Evaluation, SectionOutcome } from '../evaluation/evaluation.js'
import { type Estimate, estimate } from '../statistics/estimate.js'
import { pairedDifference } from '../statistics/paired-difference.js'
import type { BySectionColumn, SectionComparison } from './comparison.js'
import { overCurve } from './outcome.js'

type Curve = readonly Evaluation[]
type Decoding = 'greedy' | 'expected'

/** Sections in the order of the first run, which all runs of a plan share. */
export function compareSections({
  runs,
  pairs,
}: {
  runs: readonly Curve[]
  pairs: readonly { own: Curve; other: Curve }[]
}): SectionComparison[] {
  const sections = runs[0]?.[0]?.sections ?? []
  return sections.map(({ section, value }) => {
    const at = (evaluation: Evaluation | undefined) => evaluation?.sections.find(one => one.section === section)
    const over = (which: 0 | -1, decoding: Decoding) =>
      bySectionColumn(decoding, read =>
        estimate(
          runs.map(run => {
            const outcome = at(run.at(which))
            return outcome === undefined ? Number.NaN : read(outcome)
          }),
        ),
      )
    const paired = (read: (outcome: SectionOutcome) => number) => {
      const curve = (evaluations: Curve) =>
        overCurve(evaluations, evaluation => {
          const outcome = at(evaluation)
          return outcome === undefined ? Number.NaN : read(outcome)
        }) ?? Number.NaN
      return pairedDifference(
        pairs.map(({ own }) => curve(own)),
        pairs.map(({ other }) => curve(other)),
      )
    }
    return {
      section,
      value,
      base: { greedy: over(0, 'greedy'), expected: over(0, 'expected') },
      final: { greedy: over(-1, 'greedy'), expected: over(-1, 'expected') },
      difference: pairs.length === 0 ? null : bySectionColumn('expected', paired),
    }
  })
}

/** H-Acc is left out if one of the evaluations lacks it, which makes its mean NaN. */
function bySectionColumn<T extends Estimate>(
  decoding: Decoding,
  of: (read: (outcome: SectionOutcome) => number) => T,
): BySectionColumn<T> {
  const hAcc = of(outcome => outcome[decoding].hAcc ?? Number.NaN)
  return {
    acc: of(outcome => outcome[decoding].acc),
    ...(Number.isNaN(hAcc.mean) ? {} : { hAcc }),
    length: of(outcome => outcome[decoding].length),
  }
}
