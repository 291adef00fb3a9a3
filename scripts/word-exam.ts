/**
 * Writes the exam in words as two data files, word-exam.train.jsonl and word-exam.test.jsonl. Equal arguments give equal bytes; without
 * any they are those of configs/real/. Usage, after the build:
 *   node dist/scripts/word-exam.js FOLDER [--train PAPERS] [--test PAPERS] [--seed N]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { defaults, jsonLines, papers } from './word-exam/papers.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { train: { type: 'string' }, test: { type: 'string' }, seed: { type: 'string' } },
})
const [folder] = positionals
const [train, test, seed] = (['train', 'test', 'seed'] as const).map(key => Number(values[key] ?? defaults[key]))
if (folder === undefined || ![train, test, seed].every(number => Number.isSafeInteger(number) && Number(number) > 0)) {
  console.error('usage: node dist/scripts/word-exam.js FOLDER [--train PAPERS] [--test PAPERS] [--seed N]')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
for (const [part, count] of [
  ['train', train],
  ['test', test],
] as const) {
  const rows = papers({ part, count: Number(count), seed: Number(seed) })
  const path = join(folder, `word-exam.${part}.jsonl`)
  writeFileSync(path, jsonLines(rows))
  console.log(`${path}: ${count} papers, ${rows.length} questions`)
}
