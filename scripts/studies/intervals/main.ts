/**
 * Prints the tables of docs/statistics.md: in how many of 100 studies each 95% interval contains the truth, and
 * its mean width.
 *
 *   npm run intervals -- --studies 2000 --replicates 400
 *
 * With 0 replicates there are no bootstraps, and the t intervals take little time. Over seeds and items, where
 * bootstraps take long, a quarter of the studies get half of the replicates.
 */
import { parseArgs } from 'node:util'
import { type Coverage, coverageOverItems, coverageOverSeeds } from './coverage.js'
import { type Shape, shapes } from './studies.js'

const { values } = parseArgs({
  options: { studies: { type: 'string', default: '2000' }, replicates: { type: 'string', default: '400' } },
})
const studies = Number(values.studies)
const replicates = Number(values.replicates)
if (!(Number.isInteger(studies) && studies > 0 && Number.isInteger(replicates) && replicates >= 0)) {
  console.error('--studies: a whole number above 0; --replicates: one of at least 0')
  process.exit(2)
}

function print(title: string, rows: readonly { name: string; seeds: number; found: Coverage }[]): void {
  const kinds = Object.keys(rows[0]?.found ?? {})
  console.log(`\n${title}\n`)
  console.log(`| differences | seeds | ${kinds.join(' | ')} |`)
  console.log(`| --- | --- |${kinds.map(() => ' --- |').join('')}`)
  for (const { name, seeds, found } of rows) {
    const cells = kinds.map(kind => {
      const { covered, width } = found[kind] ?? { covered: Number.NaN, width: Number.NaN }
      return `${(100 * covered).toFixed(1)} (${width.toPrecision(3)})`
    })
    console.log(`| ${name} | ${seeds} | ${cells.join(' | ')} |`)
  }
}

const counts = [5, 10, 20]
const settings = (Object.keys(shapes) as Shape[]).flatMap(shape => counts.map(seeds => ({ shape, seeds })))
print(
  `Over seeds, ${studies} studies, ${replicates} replicates: covered of 100 (mean width in deviations)`,
  settings.map(({ shape, seeds }) => ({
    name: `${shape}, skewness ${shapes[shape].skewness}`,
    seeds,
    found: coverageOverSeeds({ shape, seeds, studies, replicates }),
  })),
)
const fewer = replicates === 0 ? studies : Math.ceil(studies / 4)
print(
  `Over seeds and items, ${fewer} studies, ${Math.ceil(replicates / 2)} replicates: covered of 100 (mean width, share)`,
  settings
    .filter(({ shape }) => shape === 'normal' || shape === 'skewed arms')
    .map(({ shape, seeds }) => ({
      name: shape,
      seeds,
      found: coverageOverItems({ shape, seeds, studies: fewer, replicates: Math.ceil(replicates / 2) }),
    })),
)
