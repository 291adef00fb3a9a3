/** The report as Markdown: every table of the page, and its figures by the files beside it. */
import { plainMarkdown } from '../input/markdown.js'
import { figurePath } from './figures/drawing.js'
import type { Page } from './page.js'
import { markdownTable } from './tables/table.js'

export function reportMarkdown(name: string, { figures, tables }: Pick<Page, 'figures' | 'tables'>): string {
  const pictures = figures.map(
    ({ name: file, caption, alternative }) =>
      `![${plainMarkdown(alternative)}](${figurePath(file)})\n\n${plainMarkdown(caption)}`,
  )
  return `${[`# ${plainMarkdown(name)}`, '## Tables', ...tables.map(markdownTable), '## Figures', ...pictures].join('\n\n')}\n`
}
