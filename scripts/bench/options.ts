/** The bench's arguments. */
import { parseArgs } from 'node:util'
import { RlevError } from '../../pipelines/errors.js'
import { type EngineName, engineNames } from './engine.js'
import { type Measure, measures } from './protocol.js'
import { type Size, sizeNames, sizeOf } from './sizes.js'

export interface BenchOptions {
  sizes: readonly Size[]
  /** In the order of `measures`. */
  only: readonly Measure[]
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

Measures sampling, an update and a whole step on random policies, engine beside engine, and peers beside them where a Python with
torch, transformers, trl and datasets is named. Candidates alternate within each round; medians and ratios are over the rounds.

  --sizes LIST     of ${sizeNames.join(', ')} (default: all)
  --only LIST      of ${measures.join(', ')} (default: all)
  --engines LIST   of ${engineNames.join(', ')} (default: all)
  --rounds N       rounds that count, after two that do not (default: 5)
  --peer PYTHON    measure PyTorch, transformers and TRL of this Python too
  --no-tune        no trial of batch sizes and kinds of attention before the rounds
  --json FILE      write everything that was measured
  --markdown       print the tables in Markdown
  --help`

/** Null where help was asked for. Throws CallInvalid. */
export function readOptions(given: readonly string[]): BenchOptions | null {
  const { help, sizes, only, engines, rounds, peer, json, markdown, ...rest } = parsed(given)
  if (help) return null
  const chosenMeasures = only === undefined ? measures : listOf({ option: '--only', text: only, names: measures })
  return {
    sizes: (sizes ?? sizeNames.join()).split(',').map(sizeOf),
    only: measures.filter(measure => chosenMeasures.includes(measure)),
    engines: engines === undefined ? engineNames : listOf({ option: '--engines', text: engines, names: engineNames }),
    rounds: countOf('--rounds', rounds),
    peer: peer ?? null,
    json: json ?? null,
    markdown,
    tune: !rest['no-tune'],
  }
}

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
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
    }).values
  } catch (cause) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: (cause as Error).message,
      remedy: 'see npm run bench -- --help',
      cause,
    })
  }
}

function listOf<Name extends string>({
  option,
  text,
  names,
}: {
  option: string
  text: string
  names: readonly Name[]
}): Name[] {
  return text.split(',').map(word => {
    const name = names.find(known => known === word)
    if (name !== undefined) return name
    throw invalid({ place: option, message: 'there is no such name', expected: names.join(', '), found: word })
  })
}

function countOf(option: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw invalid({
    place: option,
    message: 'not a number of rounds',
    expected: 'a whole number, at least 1',
    found: text,
  })
}

function invalid(parts: { place: string; message: string; expected: string; found: string }): RlevError {
  return new RlevError({ kind: 'CallInvalid', ...parts, remedy: 'see npm run bench -- --help' })
}
