/** How well the score predictors of arms predict, over seeds, beside the paper's predictor. */

import type { Comparison, SeedPrediction } from '../../comparison/comparison.js'
import { estimate, shownHalf } from '../../statistics/estimate.js'
import { estimateCell, numberCell, percentCell } from './cells.js'
import { kindOf, NONE, nameOf } from './format.js'
import type { Cell, Row, Table } from './table.js'

/** Null where no arm's values are predicted. */
export function predictorTable({ arms, published }: Comparison): Table | null {
  const theirs = (arm: string) => published?.arms[arm]
  const compared = arms.some(({ arm }) => theirs(arm)?.exactMatch !== undefined || theirs(arm)?.pearson !== undefined)
  const beside = (figure: number | undefined) =>
    compared ? [figure === undefined ? NONE : numberCell(String(figure), figure)] : []
  const rows = arms.flatMap((arm): Row[] => {
    const { predictions } = arm
    if (predictions.length === 0) return []
    const share = (read: (one: SeedPrediction) => number) => percentCell(estimate(predictions.map(read)))
    const cells = [
      nameOf(arm),
      String(predictions[0]?.items ?? 0),
      share(({ exactMatch }) => exactMatch),
      ...beside(theirs(arm.arm)?.exactMatch),
      correlation(predictions.map(({ pearson }) => pearson.r)),
      ...beside(theirs(arm.arm)?.pearson),
      correlation(predictions.map(({ spearman }) => spearman.r)),
      share(({ unparsed }) => unparsed),
    ]
    return [{ kind: kindOf(arm), cells }]
  })
  if (rows.length === 0) return null
  const source = compared ? `, beside ${published?.source}` : ''
  return {
    name: 'predictor',
    title: `Score predictors on items that they were not shown${source}`,
    header: [
      'arm',
      'items',
      'exact match (%)',
      ...(compared ? ['exact match, theirs'] : []),
      'Pearson',
      ...(compared ? ['Pearson, theirs'] : []),
      'Spearman',
      'no score (%)',
    ],
    rows,
    note: 'Measured on the training items, each predicted from other exams. An item without a readable score gets the mean value of the items that its predictor was shown.',
  }
}

/** Over the seeds that have one: it is not defined for a predictor that gives every item the same score. */
function correlation(found: readonly (number | null)[]): Cell {
  const known = found.filter(r => r !== null)
  if (known.length === 0) return NONE
  const overSeeds = estimate(known)
  const half = shownHalf(overSeeds)
  const mean = overSeeds.mean.toFixed(3)
  return estimateCell(half === null ? mean : `${mean} ± ${half.toFixed(3)}`, overSeeds, 1)
}
