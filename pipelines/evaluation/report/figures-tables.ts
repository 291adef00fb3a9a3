/** The tables of the comparison: the endpoint with its differences, and the paper's columns before and after. */
import type { ArmComparison, ColumnDifferences, ColumnEstimates, Comparison } from '../comparison.js'
import { sharedBase } from '../comparison-table.js'
import {
  columnDifference,
  columnEstimate,
  columnTitles,
  NONE,
  nameOf,
  percent,
  percentEstimate,
  pointsDifference,
  pValue,
} from '../format.js'
import { columnKeys } from '../outcome.js'
import { type Html, html, table } from './html.js'

const classOf = (arm: ArmComparison) => (arm.role === 'placebo' ? 'placebo' : '')

export function endpointTable(comparison: Comparison): Html {
  const { arms, baseline, endpointName } = comparison
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  return table({
    caption: `Main endpoint, named before the run: ${endpointName} (%).`,
    header: [
      'arm',
      'seeds',
      'mean',
      ...(baseline === null ? [] : [`minus ${baseline} (points)`, 'p', 'p (Holm)']),
      ...seeds.map(seed => `seed ${seed}`),
    ],
    rows: arms.map(arm => {
      const difference = arm.endpointDifference
      return {
        className: classOf(arm),
        cells: [
          nameOf(arm),
          String(arm.seeds.length),
          arm.figures === null ? NONE : percentEstimate(arm.figures.endpoint),
          ...(baseline === null
            ? []
            : [
                difference === null ? NONE : pointsDifference(difference),
                pValue(difference?.p ?? null),
                pValue(difference?.pHolm ?? null),
              ]),
          ...seeds.map(seed => {
            const own = arm.perSeed.find(one => one.seed === seed)
            return own === undefined ? NONE : percent(own.endpoint)
          }),
        ],
      }
    }),
  })
}

/** Acc, H-Acc, length, value density, Acc high, Acc low, as in tables 1 and 8 of the paper, before and after training. */
export function columnsTable({ arms }: Comparison, decoding: 'greedy' | 'expected'): Html {
  const cells = (columns: ColumnEstimates | undefined) =>
    columnKeys.map(key => (columns === undefined ? NONE : columnEstimate(key, columns[key])))
  const shared = sharedBase(arms)
  const first = arms.find(arm => arm.figures !== null)
  const rows = [
    ...(shared
      ? [{ className: 'before', cells: ['every arm', 'before', ...cells(first?.figures?.base[decoding])] }]
      : []),
    ...arms.flatMap(arm => [
      ...(shared
        ? []
        : [{ className: 'before', cells: [nameOf(arm), 'before', ...cells(arm.figures?.base[decoding])] }]),
      { className: classOf(arm), cells: [nameOf(arm), 'after', ...cells(arm.figures?.final[decoding])] },
    ]),
  ]
  const how =
    decoding === 'greedy' ? 'Greedy decoding, as in the paper' : 'Expected: mean over samples at temperature 1'
  return table({ caption: `${how}. Percent; length in tokens; density in percent a token.`, header: titles(), rows })
}

/** The same columns at the end of training, against the baseline. */
export function differencesTable({ arms, baseline }: Comparison): Html {
  const cells = (columns: ColumnDifferences) => columnKeys.map(key => columnDifference(key, columns[key]))
  const rows = arms.flatMap(arm => {
    const differences = arm.finalDifferences
    if (differences === null) return []
    return (['expected', 'greedy'] as const).map(decoding => ({
      className: classOf(arm),
      cells: [nameOf(arm), decoding, ...cells(differences[decoding])],
    }))
  })
  if (rows.length === 0) return html``
  const caption = `At the end of training, minus ${baseline}, paired by seed: points; tokens; percent a token.`
  return table({ caption, header: titles(), rows })
}

function titles(): string[] {
  return ['arm', '', ...columnKeys.map(key => columnTitles[key])]
}
