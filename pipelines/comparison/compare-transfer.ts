/** An arm on further test sets: Acc, the share of cut responses and H-Acc before and after training, and after training against the arm's baseline. */

import type { Columns, Evaluation } from '../evaluation/evaluation.js'
import { estimate } from '../statistics/estimate.js'
import { pairedDifference } from '../statistics/paired-difference.js'
import type { TransferComparison } from './comparison.js'

interface Run {
  base: Evaluation
  final: Evaluation
}

/** In the order of the sets. */
export function compareTransfer({
  runs,
  pairs,
}: {
  runs: readonly Run[]
  pairs: readonly { own: Run; other: Run }[]
}): TransferComparison[] {
  return (runs[0]?.final.transfer ?? []).map(({ name, items }) => {
    const read = (evaluation: Evaluation, decoding: 'greedy' | 'expected', key: keyof Columns) =>
      evaluation.transfer?.find(one => one.name === name)?.[decoding][key] ?? Number.NaN
    const over = (when: keyof Run, decoding: 'greedy' | 'expected') => {
      const of = (key: 'acc' | 'cut' | 'hAcc') => estimate(runs.map(run => read(run[when], decoding, key)))
      const cut = of('cut')
      // NaN if one of the evaluations lacks it.
      return { acc: of('acc'), ...(Number.isNaN(cut.mean) ? {} : { cut }), hAcc: of('hAcc') }
    }
    const paired = (decoding: 'greedy' | 'expected') => {
      const of = (key: 'acc' | 'hAcc') =>
        pairedDifference(
          pairs.map(({ own }) => read(own.final, decoding, key)),
          pairs.map(({ other }) => read(other.final, decoding, key)),
        )
      return { acc: of('acc'), hAcc: of('hAcc') }
    }
    return {
      name,
      items,
      base: { greedy: over('base', 'greedy'), expected: over('base', 'expected') },
      final: { greedy: over('final', 'greedy'), expected: over('final', 'expected') },
      difference: pairs.length === 0 ? null : { greedy: paired('greedy'), expected: paired('expected') },
    }
  })
}
