/** The tables of a comparison: the endpoint with its differences, the claims, and the paper's columns before and after training. */
import type { ArmComparison, ColumnEstimates, Comparison } from '../../comparison/comparison.js'
import { columnKeys } from '../../comparison/outcome.js'
import {
  columnDifference,
  columnEstimate,
  columnTitles,
  intervalInWords,
  NONE,
  nameOf,
  percent,
  percentEstimate,
  pointsDifference,
  pointsInterval,
  pValue,
  signed,
} from './format.js'
import type { Row, Table } from './table.js'

export function endpointTable({ endpointName, baseline, arms }: Comparison): Table {
  const name = 'endpoint'
  const title = `Endpoint, named before the run: ${endpointName} (%)`
  const level = ({ figures }: ArmComparison) => (figures === null ? NONE : percentEstimate(figures.endpoint))
  if (baseline === null) {
    return { name, title, header: ['', 'value'], rows: arms.map(arm => ({ cells: [arm.arm, level(arm)] })) }
  }
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  const overItems = arms.some(({ endpointDifference }) => endpointDifference?.seedsAndItems != null)
  return {
    name,
    title,
    header: [
      'arm',
      'seeds',
      'mean',
      `minus ${baseline} (points)`,
      ...(overItems ? ['over seeds and items'] : []),
      'p',
      'p (Holm)',
      ...seeds.map(seed => `seed ${seed}`),
    ],
    rows: arms.map(arm => {
      const difference = arm.endpointDifference
      return {
        kind: kindOf(arm),
        cells: [
          nameOf(arm),
          String(arm.seeds.length),
          level(arm),
          difference === null ? NONE : pointsDifference(difference),
          ...(overItems ? [difference?.seedsAndItems == null ? NONE : pointsInterval(difference.seedsAndItems)] : []),
          pValue(difference?.p ?? null),
          pValue(difference?.pHolm ?? null),
          ...seeds.map(seed => {
            const own = arm.perSeed.find(one => one.seed === seed)
            return own === undefined ? NONE : percent(own.endpoint)
          }),
        ],
      }
    }),
  }
}

/** What the columns of the claims are. */
export const ABOUT_CLAIMS =
  'd is the mean difference over its standard deviation across seeds, g the same without the bias of few seeds; detectable: the difference that so many seeds find four times in five, at p 0.05 without correction.'

/** Null with a single experiment, and while no arm has a seed in common with its baseline: there is nothing to claim. */
export function claimsTable({ arms, baseline }: Comparison): Table | null {
  const rows = arms.flatMap(({ arm, endpointDifference }): Row[] => {
    const verdict = endpointDifference?.verdict ?? null
    if (endpointDifference === null || verdict === null) return []
    const { effect, detectable, pSignFlip } = endpointDifference
    const cells = [
      arm,
      effect === null ? NONE : intervalInWords(effect.d, effect.interval),
      effect?.g == null ? NONE : signed(effect.g, 2),
      pValue(pSignFlip),
      detectable === null ? NONE : percent(detectable),
      verdict,
    ]
    return [{ cells }]
  })
  if (rows.length === 0) return null
  return {
    name: 'claims',
    title: `Claim, for each arm: its endpoint gains on ${baseline}`,
    header: ['', 'effect d (95% interval)', 'g', 'p (sign flips)', 'detectable (points)', 'verdict'],
    rows,
  }
}

/** Acc, H-Acc, length, value density, Acc high, Acc low, as in tables 1 and 8 of the paper. */
export function columnsTable({ arms }: Comparison, decoding: 'expected' | 'greedy'): Table {
  const row = (label: string, columns: ColumnEstimates | undefined, kind?: Row['kind']): Row => ({
    cells: [label, ...columnKeys.map(key => (columns === undefined ? NONE : columnEstimate(key, columns[key])))],
    kind,
  })
  const first = arms.find(arm => arm.figures !== null)
  const rows = sharedBase(arms)
    ? [
        row('before, every arm', first?.figures?.base[decoding], 'before'),
        ...arms.map(arm => row(nameOf(arm), arm.figures?.final[decoding], kindOf(arm))),
      ]
    : arms.flatMap(arm => [
        row(`${nameOf(arm)}, before`, arm.figures?.base[decoding], 'before'),
        row(`${nameOf(arm)}, after`, arm.figures?.final[decoding], kindOf(arm)),
      ])
  const how = decoding === 'expected' ? 'Expected over samples' : 'Greedy'
  return {
    name: `columns-${decoding}`,
    title: `${how}, before and after training (%; length in tokens; density in % a token)`,
    header: ['', ...columnKeys.map(key => columnTitles[key])],
    rows,
  }
}

/** The same columns at the end of training, against the baseline. Null without a pair. */
export function differencesTable({ arms, baseline }: Comparison): Table | null {
  const rows = arms.flatMap((arm): Row[] => {
    const differences = arm.finalDifferences
    if (differences === null) return []
    return (['expected', 'greedy'] as const).map(decoding => ({
      kind: kindOf(arm),
      cells: [
        `${nameOf(arm)}, ${decoding}`,
        ...columnKeys.map(key => columnDifference(key, differences[decoding][key])),
      ],
    }))
  })
  if (rows.length === 0) return null
  return {
    name: 'differences',
    title: `At the end of training, minus ${baseline}, paired by seed (points; tokens; % a token)`,
    header: ['', ...columnKeys.map(key => columnTitles[key])],
    rows,
  }
}

/** Whether all arms with figures have the same seeds and the same base: then one row says it. */
function sharedBase(arms: readonly ArmComparison[]): boolean {
  const bases = arms.flatMap(arm => (arm.figures === null ? [] : [JSON.stringify([arm.seeds, arm.figures.base])]))
  return bases.length > 1 && new Set(bases).size === 1
}

export function kindOf({ role }: Pick<ArmComparison, 'role'>): Row['kind'] {
  return role === 'placebo' ? 'placebo' : undefined
}
