/** Which phrases and lines `npm run check` refuses. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectFolder } from '../../commands/services/project.js'

interface Finding {
  line: number
  phrase: string
}
const { findingsOf } = (await import(pathToFileURL(join(projectFolder, 'scripts', 'check-prose.mjs')).href)) as {
  findingsOf(file: string, text: string): Finding[]
}
const found = (file: string, text: string): string[] =>
  findingsOf(file, text).map(({ line, phrase }) => `${line} ${phrase}`)

test('a phrase is found with its line, in comments, strings and Markdown, also over the end of a line', () => {
  assert.deepEqual(found('a.ts', `const x = 1\n// whoever reads\n`), ['2 whoever'])
  assert.deepEqual(found('a.ts', `/**\n * It waits for\n * ever.\n */\n`), ['2 for ever'])
  assert.deepEqual(found('a.ts', `throw new Error('made anew')\n`), ['1 anew'])
  assert.deepEqual(found('a.ts', `throw new Error(\`\${name} is made anew\`)\n`), ['1 anew'])
  assert.deepEqual(found('a.ts', '/** The key `anew`. */\n'), [])
  assert.deepEqual(found('a.md', `# Title\n\nIt has a process of its own.\n`), ['3 of its own'])
  assert.deepEqual(found('a.md', 'It is plain, for it is short.\n'), ['1 , for (because)'])
})

test('plain uses of the same words pass, and so does code', () => {
  assert.deepEqual(found('a.md', `The weight of its own sample, for example.\n`), [])
  assert.deepEqual(found('a.md', 'A dash where there is none, for the arms that have one.\n'), [])
  assert.deepEqual(found('a.md', `\`\`\`\nwhoever anew\n\`\`\`\n\nThe key \`anew\`.\n`), [])
})

test('a line of Markdown over 120 columns is found, but not a table, a link or code', () => {
  const long = 'word '.repeat(30).trim()
  assert.deepEqual(found('a.md', `${long}\n`), ['1 over 120 columns'])
  assert.deepEqual(found('a.md', `| ${long} |\n\n[text](https://example.org/${'x'.repeat(150)})\n`), [])
  assert.deepEqual(found('a.md', `\`\`\`\n${long}\n\`\`\`\n`), [])
  assert.deepEqual(found('a.ts', `// ${long}\n`), [])
})
