/**
 * `npm run bench`: measures the policy engine and its peers. Progress goes to standard error, tables to
 * standard output.
 */
import { writeFileSync } from 'node:fs'
import { RlevError } from '../../pipelines/errors.js'
import { comparisonsOf, sharesOf } from './comparisons.js'
import { expectedSeconds, expectedText } from './expected.js'
import { type FileMeasured, measureFiles, tableOfFiles } from './files.js'
import { describeMachine, thisMachine } from './machine.js'
import type { SizeResult } from './measured.js'
import { type BenchOptions, readOptions, usage } from './options.js'
import { measureSize } from './rounds.js'
import { markdownOf, tablesOf, textOf, titleOf } from './table.js'
import { measureThreads, type ThreadsMeasured, tableOfThreads } from './threads.js'

async function bench(options: BenchOptions): Promise<void> {
  const began = performance.now()
  const say = (line: string) => {
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`)
  }
  const expected = options.only.length === 0 ? 0 : expectedSeconds(options)
  if (expected > 0) say(`policies: ${expectedText(expected)}`)
  const results: SizeResult[] = []
  const files = options.files ? await measureFiles({ rounds: options.rounds, say }) : []
  const threads = options.threads ? await measureThreads({ rounds: options.rounds, say }) : []
  for (const size of options.only.length === 0 ? [] : options.sizes) {
    const result = await measureSize({ options, size, say })
    results.push(result)
    // Written after each size, so that a later failure loses only its own size.
    if (options.json !== null)
      writeFileSync(options.json, `${JSON.stringify(report({ results, options, files, threads }), null, 2)}\n`)
  }
  const table = options.markdown ? markdownOf : textOf
  const versions = Object.entries(Object.assign({}, ...results.map(result => result.versions)) as object)
  console.log(
    [
      `${describeMachine(thisMachine())}; ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`,
      `${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'}, candidates in turn within each`,
      ...results.map(({ size }) => titleOf(size)),
      ...results.flatMap(({ size, failed }) => Object.keys(failed).map(name => `${size.name}: ${name} failed`)),
    ]
      .map(line => (options.markdown ? `- ${line}` : line))
      .join('\n'),
  )
  const tables = [
    ...tablesOf(results),
    ...(files.length === 0 ? [] : [tableOfFiles(files)]),
    ...(threads.length === 0 ? [] : [tableOfThreads(threads)]),
  ]
  for (const each of tables) console.log(`\n${table(each)}`)
  if (options.json !== null)
    writeFileSync(options.json, `${JSON.stringify(report({ results, options, files, threads }), null, 2)}\n`)
}

interface Everything {
  results: readonly SizeResult[]
  options: BenchOptions
  files: readonly FileMeasured[]
  threads: readonly ThreadsMeasured[]
}

function report({ results, options: { rounds }, files, threads }: Everything): unknown {
  return {
    machine: thisMachine(),
    rounds,
    files,
    threads,
    sizes: results.map(result => ({ ...result, comparisons: comparisonsOf(result), shares: sharesOf(result) })),
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) console.log(usage)
  else await bench(options)
} catch (error) {
  if (!(error instanceof RlevError)) throw error
  console.error(error.message)
  process.exitCode = error.kind === 'CallInvalid' ? 2 : 1
}
