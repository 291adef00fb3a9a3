import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../../pipelines/comparison/outcome.js'
import { svgFile } from '../../../pipelines/report/figures/svg-file.js'
import { reportFiles } from '../../../pipelines/report/files.js'
import { pageOf, readResults } from '../../../scripts/report/results.js'
import { constructedSweep, fourArms } from '../comparison/constructed.js'

const root = new URL('../../../../', import.meta.url)
const small = readResults(readFileSync(new URL('test/fixtures/report/small.json.gz', root)))

/** Committed figures by the results that they were drawn from, with the command that draws them again: docs/report.md. */
const committed = [
  { results: 'test/fixtures/report/small.json.gz', figures: 'test/fixtures/report/small/', all: true },
  // Table 4 of the paper in full, of which docs/ shows some.
  { results: 'test/fixtures/report/table4.json.gz', figures: 'docs/images/table4/', all: false },
]

for (const { results, figures, all } of committed) {
  test(`the figures in ${figures} are drawn again bit by bit`, () => {
    const folder = fileURLToPath(new URL(figures, root))
    const drawn = new Map(
      pageOf(readResults(readFileSync(new URL(results, root)))).figures.map(one => [`${one.name}.svg`, svgFile(one)]),
    )
    const names = readdirSync(folder).sort()
    assert.ok(names.length > 2)
    if (all) assert.deepEqual(names, [...drawn.keys()].sort())
    for (const name of names) assert.equal(readFileSync(`${folder}/${name}`, 'utf8'), drawn.get(name), name)
  })
}

test('the order in which experiments are read, and of the keys of their metrics, changes no byte', () => {
  const turned = small.outcomes.toReversed().map(
    (outcome): ExperimentOutcome => ({
      ...outcome,
      metrics: outcome.metrics.map(step => ({
        ...step,
        values: Object.fromEntries(Object.entries(step.values).reverse()),
      })),
    }),
  )
  const [files, again] = [small.outcomes, turned].map(outcomes =>
    reportFiles('small', pageOf({ plan: small.plan, outcomes })),
  )
  assert.deepEqual(again, files)
})

test('a real sweep has every figure and table, each as a separate file and in the Markdown', () => {
  const page = pageOf(small)
  const files = new Map(reportFiles('small', page))
  const arms = small.plan.kind === 'sweep' ? small.plan.arms.map(({ name }) => name) : []
  const expected = [
    'differences',
    ...['alpha', 'alpha-difference', 'noise-permuted', 'noise-permuted-difference'],
    ...['curve-h-acc', 'curve-acc', 'curve-length', 'training-reward', 'training-correct', 'training-length'],
    ...['sections-acc', 'sections-length', 'values-train', 'values-test', 'length-by-value', 'flips'],
    ...arms.flatMap(arm => [`length-${arm}`, `eos-${arm}`]),
  ]
  assert.deepEqual(page.figures.map(({ name }) => name).sort(), expected.sort())
  assert.equal(files.size, 2 + page.figures.length + 2 * page.tables.length)
  const markdown = files.get('report.md') ?? ''
  for (const { name, alternative } of page.figures) {
    assert.ok(files.get(`figures/${name}.svg`)?.startsWith('<svg xmlns="http://www.w3.org/2000/svg" role="img"'), name)
    assert.ok(markdown.includes(`](figures/${name}.svg)`), name)
    assert.ok(alternative.length > 30)
  }
  const endpoint = files.get('tables/endpoint.csv') ?? ''
  assert.match(
    endpoint,
    /^arm,seeds,mean,mean half width,minus correctness \(points\),minus correctness \(points\) half width,over seeds and items low,over seeds and items high,p,p \(Holm\)\n/,
  )
  assert.equal(endpoint.trimEnd().split('\n').length, 1 + arms.length)
  const cells = /^human-aligned,(.*)$/m.exec(endpoint)?.[1]?.split(',').map(Number) ?? []
  const [seeds, , , mean = Number.NaN, half = Number.NaN] = cells
  assert.ok(seeds === 3 && cells.every(Number.isFinite), endpoint)
  const shown = `+${mean.toFixed(1)} ± ${half.toFixed(1)}`
  assert.ok(page.text.includes(`<td>${shown}</td>`) && markdown.includes(`| ${shown} |`), shown)
  for (const [path, content] of files) if (path.endsWith('.csv')) assert.ok(!/ ± |^–|,–/mu.test(content), path)
  for (const content of files.values()) assert.ok(!/NaN|undefined|Infinity|\[object/u.test(content))
})

test('what does not exist is not drawn: no alpha and no noise without arms that differ in them, no items without items', () => {
  const { plan, outcomes } = constructedSweep(
    [1, 2],
    fourArms.filter(({ name }) => name !== 'shuffled'),
  )
  const page = pageOf({ plan, outcomes })
  const names = page.figures.map(({ name }) => name)
  for (const absent of ['alpha', 'noise-permuted', 'length-by-value', 'flips', 'values-test'])
    assert.ok(!names.includes(absent), absent)
  assert.ok(names.includes('values-train') && names.includes('differences'))
  assert.ok(!/<h2>(?:Alpha|Noise|Length against|Gained)/u.test(page.text))
  assert.ok(!page.text.includes('over seeds and items'))
  const { outcomes: known } = small
  const less = known.map(({ items: _items, ...outcome }) => outcome)
  assert.ok(!pageOf({ plan: small.plan, outcomes: less }).figures.some(({ name }) => /^flips|^length/u.test(name)))
})

test('the interval over seeds and items is around the same difference; seeds that met different items have none', () => {
  const { arms } = compareArms(small)
  const differences = arms.flatMap(({ endpointDifference }) => endpointDifference ?? [])
  assert.equal(differences.length, 6)
  for (const { mean, seedsAndItems } of differences) {
    assert.ok(seedsAndItems !== null)
    // Every response of the fixture is scored, so the mean over evaluations of the items is that of the columns.
    assert.ok(Math.abs((seedsAndItems.low + seedsAndItems.high) / 2 - mean) < 1e-12)
  }
  const one = small.outcomes.map(outcome =>
    outcome.arm === 'correctness' && outcome.seed === 2 && outcome.items !== undefined
      ? { ...outcome, items: { ...outcome.items, items: outcome.items.items.toReversed() } }
      : outcome,
  )
  // A seed that met other items: no such interval.
  const broken = compareArms({ plan: small.plan, outcomes: one }).arms.flatMap(arm => arm.endpointDifference ?? [])
  assert.ok(broken.every(({ seedsAndItems }) => seedsAndItems === null))
})
