/** What a report says of a data set: how many items each part has, how its files were read, what was left out and what is doubtful. */
import { badRowLines } from './files/read-items.js'
import type { DataSet, FileReading } from './item.js'

export interface DataSummary {
  /** Items by part: `train`, `test`, `examples`, and each further test set by its name. */
  parts: readonly { name: string; items: number; exams: number; sections: number }[]
  /** Empty for a synthetic exam. */
  files: readonly FileReading[]
  /** Rows that were left out. */
  skipped: number
  /** Where and why, rows of one reason together. */
  skippedLines: readonly string[]
  warnings: readonly string[]
}

/** Lines of rows that were left out, and of warnings. */
const maxLines = 40

export function dataSummary({
  train,
  test,
  examples = [],
  transfer = {},
  reading = [],
  skipped,
  warnings,
}: DataSet): DataSummary {
  const parts = [['train', train] as const, ['test', test] as const, ['examples', examples] as const]
  const further = Object.entries(transfer).map(([name, items]) => [`test set ${name}`, items] as const)
  const told = warnings.map(({ place, reason }) => `${place}: ${reason}`)
  const more = told.length > maxLines ? [`and ${told.length - maxLines} more`] : []
  return {
    parts: [...parts, ...further]
      .filter(([, items]) => items.length > 0)
      .map(([name, items]) => ({
        name,
        items: items.length,
        exams: new Set(items.map(({ exam }) => exam)).size,
        sections: new Set(items.map(({ section }) => section)).size,
      })),
    files: reading,
    skipped: skipped.length,
    skippedLines: badRowLines(skipped, maxLines),
    warnings: [...told.slice(0, maxLines), ...more],
  }
}
