/** docs/forms.md, written from the forms so that it cannot say anything else. */
import { formNames } from '../pipelines/config/sections/exam-files.js'
import { forms } from '../pipelines/data/forms/all-forms.js'
import { over, plainMapping } from '../pipelines/data/forms/mapping.js'
import { mappingWords } from '../pipelines/data/forms/mapping-words.js'

const opening = `# Forms of data files

<!-- Written by scripts/config-docs.ts from pipelines/data/forms; change these, then: npm run build && node dist/scripts/config-docs.js -->

\`data.form\` names one of these forms. With \`auto\` the first row that fits a form decides, in the order of this page:
\`plain\` wins if its columns are there. \`data.fields\` changes the columns of a form one by one
([data.md](data.md#names-of-columns)). \`rlev plan\` says which form was told.

A set without points gives every question 1 of 100 points, unless the file has a column \`points\`: then points and total
are read from it.
`

/** The page in Markdown. */
export function formsPage(): string {
  const sections = formNames.map(name => {
    const { about, toldBy, mapping, lettered } = forms[name]
    const words = mappingWords(name, over(plainMapping, mapping))
    const rows = Object.entries(words).map(([field, column]) => `| \`${field}\` | ${column} |`)
    return [
      `## ${name}\n`,
      ...wrapped(`${about}.${lettered === undefined ? '' : ' The options stand in the prompt, by letter.'}`),
      ...wrapped(`Told by: ${toldBy}.`),
      '',
      '| field | column |',
      '| --- | --- |',
      ...rows,
      '',
    ].join('\n')
  })
  return [opening, ...sections].join('\n')
}

const maxLine = 116

function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of `${text.charAt(0).toUpperCase()}${text.slice(1)}`.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < maxLine) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
