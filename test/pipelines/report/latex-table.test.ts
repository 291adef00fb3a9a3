import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pCell, percentCell } from '../../../pipelines/report/tables/cells.js'
import { latexTable, latexText } from '../../../pipelines/report/tables/latex-table.js'
import type { Table } from '../../../pipelines/report/tables/table.js'

test('a table is in the form of booktabs, with its text escaped', () => {
  const table: Table = {
    name: 'endpoint',
    title: 'Endpoint: H-Acc (%)',
    header: ['arm', 'minus a_b & c (points)', 'p'],
    rows: [
      { cells: ['human-aligned', percentCell({ n: 3, mean: 0.3, half: 0.445 }), pCell(0.0004)] },
      { cells: ['[x] *', '-0.3 ± 0.4', '–'] },
    ],
    note: '50% of $5',
  }
  assert.equal(
    latexTable(table),
    String.raw`% Needs \usepackage{booktabs}. Letters beyond Latin ones need XeLaTeX or LuaLaTeX.
\begin{table}
  \centering
  \caption{Endpoint: H-Acc (\%)}
  \label{tab:endpoint}
  \begin{tabular}{lrr}
    \toprule
    arm & minus a\_b \& c (points) & p \\
    \midrule
    human-aligned & 30.0 $\pm$ 44.5 & $<$ 0.001 \\
    {}[x] * & $-$0.3 $\pm$ 0.4 & -- \\
    \bottomrule
  \end{tabular}

  \smallskip 50\% of \$5
\end{table}
`,
  )
})

test('columns of words break, and code is set as code', () => {
  const words: Table = {
    name: 'r',
    title: 'R',
    header: ['item', 'text'],
    rows: [{ cells: [{ text: 'a_1', as: 'code' }, 'two\nlines'] }],
    words: true,
  }
  assert.match(latexTable(words), /\\begin\{tabular\}\{p\{0\.45\\linewidth\}p\{0\.45\\linewidth\}\}/)
  assert.match(latexTable(words), /\\texttt\{a\\_1\} & two lines \\\\/)
})

/** What LaTeX prints for a text that has no other commands than those of the table. */
const printed = (source: string) =>
  source.replace(
    /\\([&%$#_{}])|\\text(backslash|asciitilde|asciicircum|asciigrave)\{\}|\$([-+<>|])\$|-\{\}/g,
    (_, one, name, sign) => {
      const named = { backslash: '\\', asciitilde: '~', asciicircum: '^', asciigrave: '`' }
      return one ?? sign ?? (name === undefined ? '-' : named[name as keyof typeof named])
    },
  )

test('whatever is in a cell, LaTeX prints it, and no character is left that would end the cell or begin a command', () => {
  const hostile = fc.string({ unit: fc.constantFrom(...'\\{}$&%#_^~<>|`-+ 0a[') })
  fc.assert(
    fc.property(hostile, text => {
      const source = latexText(text)
      assert.equal(printed(source), text.replace(/ +/g, ' ').trim())
      const rest = source.replace(/\\([&%$#_{}]|text[a-z]+\{\})|\$[-+<>|]\$|\{\}/g, '')
      assert.doesNotMatch(rest, /[\\{}$&%#_^~`]/)
      assert.doesNotMatch(source, /--/)
    }),
  )
})
