/**
 * Keeps the results of a finished sweep in one small file, from which tests draw the figures of its report again bit by bit.
 * Usage: node dist/scripts/report-results.js NAME FILE.json.gz FOLDER [--home DIR] [--figure NAME]...
 *        node dist/scripts/report-results.js --redraw FILE.json.gz FOLDER
 * FOLDER gets the figures of the report: all, or those named. --redraw draws the figures that FOLDER has again from a kept file.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readOutcomes } from '../activities/store/runs/outcomes.js'
import { readPlan } from '../activities/store/runs/runs.js'
import { openHome } from '../commands/services/home.js'
import { figuresOf, keepResults } from './report/results.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: 'string' },
    figure: { type: 'string', multiple: true },
    redraw: { type: 'boolean', default: false },
  },
})
const name = values.redraw ? null : positionals.shift()
const [file, folder] = positionals
if (name === undefined || file === undefined || folder === undefined) {
  throw new Error(
    'usage: node dist/scripts/report-results.js NAME FILE.json.gz FOLDER [--home DIR] [--figure NAME]..., or --redraw FILE.json.gz FOLDER',
  )
}
mkdirSync(folder, { recursive: true })
if (name !== null) {
  const { path: home } = openHome(values.home)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, keepResults({ plan: readPlan(home, name), outcomes: readOutcomes(home, name) }))
}
const wanted = values.redraw ? readdirSync(folder).map(path => path.replace(/\.svg$/u, '')) : values.figure
const bytes = readFileSync(file)
const figures = figuresOf(bytes).filter(([figure]) => wanted?.includes(figure) ?? true)
for (const [figure, svg] of figures) writeFileSync(join(folder, `${figure}.svg`), svg)
console.log(`${file}: ${bytes.length} bytes; ${figures.length} figures in ${folder}`)
