/**
 * Keeps what a finished sweep's report is made of in one small file, for tests that make the report's figures again bit by bit.
 * Usage: node dist/scripts/report-results.js NAME FILE.json.gz FOLDER [--home DIR] [--figure NAME]...
 * FOLDER gets the figures as the report has them: all, or those named.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readOutcomes } from '../activities/store/outcomes.js'
import { readPlan } from '../activities/store/runs.js'
import { openHome } from '../commands/services/home.js'
import { figuresOf, keepResults } from './report/results.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { home: { type: 'string' }, figure: { type: 'string', multiple: true } },
})
const [name, file, folder] = positionals
if (name === undefined || file === undefined || folder === undefined) {
  throw new Error('usage: node dist/scripts/report-results.js NAME FILE.json.gz FOLDER [--home DIR] [--figure NAME]...')
}
const { path: home } = openHome(values.home)
const bytes = keepResults({ plan: readPlan(home, name), outcomes: readOutcomes(home, name) })
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, bytes)
mkdirSync(folder, { recursive: true })
const figures = figuresOf(bytes).filter(([figure]) => values.figure?.includes(figure) ?? true)
for (const [figure, svg] of figures) writeFileSync(join(folder, `${figure}.svg`), svg)
console.log(`${file}: ${bytes.length} bytes; ${figures.length} figures in ${folder}`)
