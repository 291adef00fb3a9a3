/** What the items were made of: rows read, rows left out, and what is doubtful. */
import type { DataSummary } from '../../data/data-summary.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import { numberCell } from '../tables/cells.js'
import { NONE } from '../tables/format.js'

/** Null if the data sets are not known. Experiments with the same one share a part. */
export function dataSection({ data }: Pick<Material, 'data'>): Html | null {
  if (data.length === 0) return null
  return html`${data.map((one, index) => ofDataSet(one, data.length === 1 ? '' : `-${index + 1}`))}`
}

function ofDataSet({ summary, of }: Material['data'][number], suffix: string): Html {
  const { parts, files, skipped, skippedLines, warnings } = summary
  const count = (value: number) => numberCell(String(value), value)
  return html`${suffix === '' ? null : html`<h3>${of}</h3>\n`}
${table({
  name: `data-items${suffix}`,
  title: 'Items by part',
  header: ['part', 'items', 'exams', 'sections'],
  rows: parts.map(({ name, items, exams, sections }) => ({ cells: [name, ...[items, exams, sections].map(count)] })),
})}
${files.length === 0 ? null : filesTable(files, suffix)}
${
  skipped === 0
    ? null
    : html`<p>${skipped} ${skipped === 1 ? 'row was' : 'rows were'} left out:</p><ul>${skippedLines.map(line => html`<li>${line}</li>\n`)}</ul>`
}
${warnings.length === 0 ? null : html`<p>What may be wrong in the data:</p><ul>${warnings.map(line => html`<li>${line}</li>\n`)}</ul>`}
`
}

function filesTable(files: DataSummary['files'], suffix: string): Html {
  return table({
    name: `data-files${suffix}`,
    title: 'Files as they were read',
    header: ['file', 'rows', 'bad rows', 'references not read', 'form', 'columns'],
    rows: files.map(({ path, rows, bad, unread = 0, form, mapping }) => ({
      cells: [
        path,
        numberCell(String(rows), rows),
        numberCell(String(bad), bad),
        numberCell(String(unread), unread),
        form,
        Object.entries(mapping)
          .map(([field, column]) => `${field} from ${column}`)
          .join('; ')
          .replaceAll('`', '') || NONE,
      ],
    })),
    words: true,
  })
}
