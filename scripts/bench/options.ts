/** The bench's arguments. */
import { parseArgs } from 'node:util'
import { Arguments } from '../arguments.js'
import { type Measure, measures } from './candidates/protocol.js'
import { type EngineName, engineNames } from './engine.js'
import type { Precision } from './limit.js'
import { type Size, type SizeName, sizeNames, sizeOf, usualSizes } from './sizes.js'

const call = new Arguments('bench')

/** What can be measured: each measure of a policy, the reading of a data file, and workers with threads. */
const cases = [...measures, 'files', 'threads'] as const
type Case = (typeof cases)[number]

/** The threads of workers are measured only if they are named. */
const usualCases = cases.filter(name => name !== 'threads')

export interface BenchOptions {
  sizes: readonly Size[]
  /** In the order of `measures`. */
  only: readonly Measure[]
  /** Whether the reading of a data file is measured. */
  files: boolean
  /** Whether one worker with all threads is compared with many of one thread. */
  threads: boolean
  /** null: all, or for a size of which the memory holds one candidate the recorded ones. */
  engines: readonly EngineName[] | null
  /** Of recorded engines; null: as workers have them. */
  lanes: number | null
  rounds: number
  /** No turn of a candidate begins that is not expected to end within so many. */
  minutes: number
  /** A Python with torch, transformers, trl and datasets; null without peers. */
  peer: string | null
  /** In which peers multiply matrices. */
  peerPrecisions: readonly Precision[]
  /** File for the results. */
  json: string | null
  /** Whether tables are printed in Markdown. */
  markdown: boolean
  tune: boolean
}

export const usage = `usage: npm run bench -- [options]

Measures sampling, an update and a whole step on random policies, for each engine. With --peer, it measures PyTorch,
transformers and TRL too. Candidates alternate within each round. Medians and ratios are over the rounds. Measures reading
a data file of 200 MB (files), too. Two things are measured only if they are named:

  smollm2          the shape of SmolLM2-135M, each candidate in a separate process; with TRL it takes 18 GB of memory
  threads          one policy worker with all threads against one for each core, by the size of the policy

Examples:
  npm run bench -- --only smollm2 --peer PYTHON --rounds 2 --markdown
  npm run bench -- --only threads --markdown

  --sizes LIST     of ${sizeNames.join(', ')} (default: ${usualSizes.join(', ')})
  --only LIST      of ${cases.join(', ')} (default: all but threads), and of sizes
  --engines LIST   of ${engineNames.join(', ')} (default: all; of smollm2 the recorded ones)
  --lanes N        lanes of recorded engines, which share the cores (default: one for each core; of smollm2 one)
  --rounds N       rounds, after two warm-up rounds (default: 5; of threads 1)
  --minutes N      of smollm2: leaves out what is not expected to end within N minutes
  --peer PYTHON    a Python with torch, transformers, trl and datasets
  --peer-matrices LIST  of float32, bfloat16: in which peers multiply matrices (default: float32)
  --no-tune        skip the search for the fastest batch sizes and attention before the rounds; smollm2 has none
  --json FILE      write all measurements to a file
  --markdown       print the tables in Markdown
  --help`

/** Null if help was asked for. Throws CallInvalid. */
export function readOptions(given: readonly string[]): BenchOptions | null {
  const { help, sizes, only, engines, lanes, rounds, minutes, peer, json, markdown, ...rest } = parsed(given)
  if (help) return null
  const named = only === undefined ? [] : call.list('--only', { text: only, names: onlyNames, what: 'name' })
  const cases = named.filter((name): name is Case => !isSize(name))
  const ofOnly = named.filter(isSize)
  // Sizes alone are measured in all that is measured of a policy.
  const chosen: readonly Case[] = cases.length > 0 ? cases : ofOnly.length > 0 ? measures : usualCases
  return {
    sizes: sizes === undefined ? (ofOnly.length > 0 ? ofOnly : usualSizes).map(sizeOf) : sizes.split(',').map(sizeOf),
    only: measures.filter(measure => chosen.includes(measure)),
    files: chosen.includes('files'),
    threads: chosen.includes('threads'),
    engines: engines === undefined ? null : call.list('--engines', { text: engines, names: engineNames, what: 'name' }),
    lanes: lanes === undefined ? null : countOf('--lanes', lanes),
    rounds: countOf('--rounds', rounds ?? (chosen.includes('threads') ? '1' : '5')),
    minutes: minutes === undefined ? Number.POSITIVE_INFINITY : countOf('--minutes', minutes),
    peer: peer ?? null,
    peerPrecisions: call.list('--peer-matrices', {
      text: rest['peer-matrices'],
      names: ['float32', 'bfloat16'],
      what: 'type',
    }),
    json: json ?? null,
    markdown,
    tune: !rest['no-tune'],
  }
}

const onlyNames = [...cases, ...sizeNames] as const
const isSize = (name: Case | SizeName): name is SizeName => sizeNames.some(size => size === name)

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
          lanes: { type: 'string' },
          rounds: { type: 'string' },
          minutes: { type: 'string' },
          peer: { type: 'string' },
          'peer-matrices': { type: 'string', default: 'float32' },
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
    message: 'the number is invalid',
    expected: 'a whole number, at least 1',
    found: text,
  })
}
