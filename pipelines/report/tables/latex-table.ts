/**
 * A table for a paper in LaTeX, in the form of the package booktabs: a table environment with caption and label, to be read with
 * `\input`. Cells have the text of the page. What LaTeX would take for a command is written as the character that it is.
 */
import { printable } from '../../printable.js'
import { type Cell, type Table, textOf } from './table.js'

export function latexTable({ name, title, header, rows, words, note }: Table): string {
  const columns = header.map((_, place) =>
    words ? `p{${widthOf(header.length)}\\linewidth}` : place === 0 ? 'l' : 'r',
  )
  const lines = [
    '% Needs \\usepackage{booktabs}. Letters beyond Latin ones need XeLaTeX or LuaLaTeX.',
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${latexText(title)}}`,
    `  \\label{tab:${name}}`,
    `  \\begin{tabular}{${columns.join('')}}`,
    '    \\toprule',
    row(header),
    '    \\midrule',
    ...rows.map(({ cells }) => row(cells)),
    '    \\bottomrule',
    '  \\end{tabular}',
    ...(note === undefined ? [] : ['', `  \\smallskip ${latexText(note)}`]),
    '\\end{table}',
  ]
  return `${lines.join('\n')}\n`
}

/** All columns together nearly fill a line. */
const widthOf = (columns: number) => (Math.floor(90 / Math.max(1, columns)) / 100).toFixed(2)

function row(cells: readonly Cell[]): string {
  const line = cells.map(latexCell).join(' & ')
  // After the end of a row, a bracket or a star would be read as its option.
  return `    ${/^[[*]/u.test(line) ? '{}' : ''}${line} \\\\`
}

function latexCell(cell: Cell): string {
  const text = latexText(textOf(cell))
  return typeof cell !== 'string' && 'as' in cell && cell.as === 'code' && text !== '' ? `\\texttt{${text}}` : text
}

const written: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '$<$',
  '>': '$>$',
  '|': '$|$',
  '`': '\\textasciigrave{}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '{': '\\{',
  '}': '\\}',
  '±': '$\\pm$',
  '×': '$\\times$',
  '−': '$-$',
  '≤': '$\\leq$',
  '≥': '$\\geq$',
  '≈': '$\\approx$',
  '→': '$\\rightarrow$',
  '·': '$\\cdot$',
  '…': '\\ldots{}',
  '–': '--',
  '—': '---',
}

const special = /[\\~^<>|`&%$#_{}±×−≤≥≈→·…–—]|(?<![\p{L}\p{N}])[-+](?=\d)|-(?=-)/gu

/** Text of one line. The sign of a number is set as one, and hyphens in a row stay hyphens. */
export function latexText(text: string): string {
  const line = printable(text).replace(/\s+/gu, ' ').trim()
  return line.replace(special, (found, offset: number) => {
    if (found !== '-' && found !== '+') return written[found] ?? found
    return line[offset + 1] === '-' ? '-{}' : `$${found}$`
  })
}
