/** The arguments of `npm run drill`. */
import { parseArgs } from 'node:util'
import { RlevError } from '../../pipelines/errors.js'

export interface DrillCall<Name extends string> {
  /** In the order of the table. */
  only: readonly Name[]
  seed: number
  kills: number
  short: boolean
  /** File for the results. */
  json: string | null
}

export function usage(drills: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(drills).map(name => name.length))
  const list = Object.entries(drills).map(([name, sentence]) => `  ${name.padEnd(width)}  ${sentence}`)
  return `usage: npm run drill -- [options]

Disturbs real runs on real services, in homes of its own, and compares what they leave with undisturbed runs of the same seed:
weights, optimizer, every history in MLflow. It ends only processes that it started.

drills:
${list.join('\n')}

  --only LIST    of these, with commas (default: all)
  --kills N      random kills of the drill kills, at most 1000 (default: 200; short: 10)
  --seed N       of victims and moments, and of the runs (default: 1)
  --short        every fail point once, ten random kills, one stopped worker: minutes instead of an hour
  --json FILE    write the results
  --help`
}

/** Null where help was asked for. Throws CallInvalid. */
export function readOptions<Name extends string>(
  given: readonly string[],
  names: readonly Name[],
): DrillCall<Name> | null {
  const { help, only, short, json, kills, seed } = parsed(given)
  if (help) return null
  const chosen = only === undefined ? names : only.split(',').map(word => nameOf(word, names))
  return {
    only: names.filter(name => chosen.includes(name)),
    seed: numberOf('--seed', seed, { least: 0, most: 2 ** 31 }),
    kills: numberOf('--kills', kills ?? (short ? '10' : '200'), { least: 1, most: 1000 }),
    short,
    json: json ?? null,
  }
}

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string' },
        kills: { type: 'string' },
        seed: { type: 'string', default: '1' },
        short: { type: 'boolean', default: false },
        json: { type: 'string' },
      },
    }).values
  } catch (cause) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: (cause as Error).message,
      remedy: 'see npm run drill -- --help',
      cause,
    })
  }
}

function nameOf<Name extends string>(word: string, names: readonly Name[]): Name {
  const name = names.find(known => known === word)
  if (name !== undefined) return name
  throw invalid({ place: '--only', message: 'there is no such drill', expected: names.join(', '), found: word })
}

function numberOf(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= least && count <= most) return count
  throw invalid({
    place: option,
    message: 'not such a number',
    expected: `a whole number from ${least} to ${most}`,
    found: text,
  })
}

function invalid(parts: { place: string; message: string; expected: string; found: string }): RlevError {
  return new RlevError({ kind: 'CallInvalid', ...parts, remedy: 'see npm run drill -- --help' })
}
