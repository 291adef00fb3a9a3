/** The paper's columns (its tables 1 and 8) before and after training, and against the baseline. */
import type { ArmComparison, ColumnEstimates, Comparison } from '../../comparison/comparison.js'
import { columnKeys } from '../../comparison/outcome.js'
import type { Columns } from '../../evaluation/evaluation.js'
import { columnCell, columnDifferenceCell } from './cells.js'
import { columnTitles, kindOf, nameOf } from './format.js'
import type { Row, Table } from './table.js'

/** Acc, cut, H-Acc, length, value density, Acc high, Acc low. Null for expected columns without samples. */
export function columnsTable({ arms, sampled }: Comparison, decoding: 'expected' | 'greedy'): Table | null {
  if (decoding === 'expected' && !sampled) return null
  const keys = columnsIn(arms)
  const row = (label: string, columns: ColumnEstimates | undefined, kind?: Row['kind']): Row => ({
    cells: [label, ...keys.map(key => columnCell(key, columns?.[key]))],
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
    header: ['arm', ...keys.map(key => columnTitles[key])],
    rows,
  }
}

/** The same columns at the end of training, against the baseline. Null without a pair. */
export function differencesTable({ arms, baseline, sampled }: Comparison): Table | null {
  const keys = columnsIn(arms)
  const decodings = sampled ? (['expected', 'greedy'] as const) : (['greedy'] as const)
  const rows = arms.flatMap((arm): Row[] => {
    const differences = arm.finalDifferences
    if (differences === null) return []
    return decodings.map(decoding => ({
      kind: kindOf(arm),
      cells: [`${nameOf(arm)}, ${decoding}`, ...keys.map(key => columnDifferenceCell(key, differences[decoding][key]))],
    }))
  })
  if (rows.length === 0) return null
  return {
    name: 'differences',
    title: `At the end of training, minus ${baseline}, paired by seed (points; tokens; % a token)`,
    header: ['arm', ...keys.map(key => columnTitles[key])],
    rows,
  }
}

/** Without the share of cut responses if no arm has it. */
function columnsIn(arms: readonly ArmComparison[]): readonly (keyof Columns)[] {
  const hasCut = arms.some(({ figures }) => figures?.final.greedy.cut !== undefined)
  return hasCut ? columnKeys : columnKeys.filter(key => key !== 'cut')
}

/** Whether all arms with figures have the same seeds and the same base: then one row says it. */
function sharedBase(arms: readonly ArmComparison[]): boolean {
  const bases = arms.flatMap(arm => (arm.figures === null ? [] : [JSON.stringify([arm.seeds, arm.figures.base])]))
  return bases.length > 1 && new Set(bases).size === 1
}
