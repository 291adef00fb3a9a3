/** Cells of CSV files (RFC 4180 with line feeds) with texts of models and data files: safe in a spreadsheet and in a terminal. */
import { printable } from '../../printable.js'

/** What a spreadsheet may take for a formula, spaces before it and the wide forms of its signs included. */
const formula = /^\s*[=@+\-＝＠＋－\t]/u

/** A figure with a sign is no formula: `-5`, `+1,234.5`, `-1.2e-7`, `-50%`, `+5.9 ± 1.4`, `-1 to +2`. */
const number = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d+)?(?:e[+-]?\d+)?%?`
const signedFigure = new RegExp(`^[+-]${number}(?: (?:±|to) [+-]?${number})?$`, 'iu')

/** A text that may be a formula begins with `'`. Control characters, except line feeds and tabs, are written out. */
export function csvCell(text: string): string {
  const plain = printable(text)
  const safe = formula.test(plain) && !signedFigure.test(plain) ? `'${plain}` : plain
  // Some spreadsheets divide cells at semicolons and tabs too.
  return /[",;\t\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** With its line feed. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\n`
}
