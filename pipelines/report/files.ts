/** The files of a report beside its page: each figure as SVG, each table as CSV and for LaTeX, and all of it as Markdown. */

import { figurePath } from './figures/drawing.js'
import { svgFile } from './figures/svg-file.js'
import { reportMarkdown } from './markdown.js'
import type { Page } from './page.js'
import { latexTable } from './tables/latex-table.js'
import { csvTable } from './tables/table.js'

/** Paths relative to the report's folder, in order; the same page gives the same bytes. */
export function reportFiles(name: string, page: Page): [path: string, content: string][] {
  return [
    ['report.html', page.text],
    ['report.md', reportMarkdown(name, page)],
    ...page.figures.map((drawing): [string, string] => [figurePath(drawing.name), svgFile(drawing)]),
    ...page.tables.flatMap((table): [string, string][] => [
      [`tables/${table.name}.csv`, csvTable(table)],
      [`tables/${table.name}.tex`, latexTable(table)],
    ]),
  ]
}
