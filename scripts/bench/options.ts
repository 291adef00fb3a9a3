/** The bench's arguments. */
import { parseArgs } from 'node:util'
import { Arguments } from '../arguments.js'
import { type EngineName, engineNames } from './engine.js'
import { type Measure, measures } from './protocol.js'
import { type Size, sizeNames, sizeOf } from './sizes.js'

const call = new Arguments('bench')

/** What can be measured: each measure of a policy, and the reading of a data file. */
const cases = [...measures, 'files'] as const

export interface BenchOptions {
  sizes: readonly Size[]
  /** In the order of `measures`. */
  only: readonly Measure[]
  /** Whether the reading of a data file is measured. */
  files: boolean
  engines: readonly EngineName[]
  rounds: number
  /** A Python with torch, transformers, trl and datasets; null without peers. */
  peer: string | null
  /** File for the results. */
  json: string | null
  /** Whether tables are printed in Markdown. */
  markdown: boolean
  tune: boolean
}

export const usage = `usage: npm run bench -- [options]

Measures sampling, an update and a whole step on random policies, for each engine. With --peer, it measures PyTorch,
transformers and TRL too. Candidates alternate within each round. Medians and ratios are over the rounds. Measures reading
a data file of 200 MB (files), too.

  --sizes LIST     of ${sizeNames.join(', ')} (default: all)
  --only LIST      of ${cases.join(', ')} (default: all)
  --engines LIST   of ${engineNames.join(', ')} (default: all)
  --rounds N       rounds, after two warm-up rounds (default: 5)
  --peer PYTHON    a Python with torch, transformers, trl and datasets
  --no-tune        skip the search for the fastest batch sizes and attention before the rounds
  --json FILE      write all measurements to a file
  --markdown       print the tables in Markdown
  --help`

/** Null if help was asked for. Throws CallInvalid. */
export function readOptions(given: readonly string[]): BenchOptions | null {
  const { help, sizes, only, engines, rounds, peer, json, markdown, ...rest } = parsed(given)
  if (help) return null
  const chosenMeasures = only === undefined ? cases : call.list('--only', { text: only, names: cases, what: 'name' })
  return {
    sizes: (sizes ?? sizeNames.join()).split(',').map(sizeOf),
    only: measures.filter(measure => chosenMeasures.includes(measure)),
    files: chosenMeasures.includes('files'),
    engines:
      engines === undefined ? engineNames : call.list('--engines', { text: engines, names: engineNames, what: 'name' }),
    rounds: countOf('--rounds', rounds),
    peer: peer ?? null,
    json: json ?? null,
    markdown,
    tune: !rest['no-tune'],
  }
}

const parsed = (given: readonly string[]) =>
  call.parsed(
    () =>
      parseArgs({
        args: [...given],
        options: {
          help: { type: 'boolean', default: false },
          sizes: { type: 'string' },
          only: { type: 'string' },
          engines: { type: 'string' },
          rounds: { type: 'string', default: '5' },
          peer: { type: 'string' },
          json: { type: 'string' },
          markdown: { type: 'boolean', default: false },
          'no-tune': { type: 'boolean', default: false },
        },
      }).values,
  )

function countOf(option: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw call.invalid({
    place: option,
    message: 'the number of rounds is invalid',
    expected: 'a whole number, at least 1',
    found: text,
  })
}
