/** The arguments of `npm run drill`. */
import { parseArgs } from 'node:util'
import { Arguments } from '../arguments.js'

const call = new Arguments('drill')

export interface DrillCall<Name extends string> {
  /** In the order of the table. */
  only: readonly Name[]
  seed: number
  kills: number
  config: string | null
  temporal: string | null
  short: boolean
  /** File for the results. */
  json: string | null
}

export function usage(drills: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(drills).map(name => name.length))
  const list = Object.entries(drills).map(([name, sentence]) => `  ${name.padEnd(width)}  ${sentence}`)
  return `usage: npm run drill -- [options]

Disturbs real runs on real services, in temporary homes, and compares what they leave with undisturbed runs of the same seed:
weights, optimizer, every history in MLflow. It ends only processes that it started.

drills:
${list.join('\n')}

  --only LIST    of these, with commas (default: all)
  --kills N      random kills of the drill kills, at most 1000 (default: 200; short: 10)
  --config FILE  what runs in the drill everything, with the seeds of the file (default: three tiny arms)
  --temporal BINARY  the production server of Temporal, in the drill machines, on PostgreSQL (default: the dev server)
  --seed N       of victims and moments, and of the runs (default: 1)
  --short        every fail point once, ten random kills, one round of everything, one stopped worker: minutes instead of an hour
  --json FILE    write the results
  --help`
}

/** Null where help was asked for. Throws CallInvalid. */
export function readOptions<Name extends string>(
  given: readonly string[],
  names: readonly Name[],
): DrillCall<Name> | null {
  const { help, only, short, json, kills, config, temporal, seed } = parsed(given)
  if (help) return null
  const chosen = only === undefined ? names : call.list('--only', { text: only, names, what: 'drill' })
  return {
    only: names.filter(name => chosen.includes(name)),
    seed: numberOf('--seed', seed, { least: 0, most: 2 ** 31 }),
    kills: numberOf('--kills', kills ?? (short ? '10' : '200'), { least: 1, most: 1000 }),
    config: config ?? null,
    temporal: temporal ?? null,
    short,
    json: json ?? null,
  }
}

const parsed = (given: readonly string[]) =>
  call.parsed(
    () =>
      parseArgs({
        args: [...given],
        options: {
          help: { type: 'boolean', default: false },
          only: { type: 'string' },
          kills: { type: 'string' },
          config: { type: 'string' },
          temporal: { type: 'string' },
          seed: { type: 'string', default: '1' },
          short: { type: 'boolean', default: false },
          json: { type: 'string' },
        },
      }).values,
  )

function numberOf(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= least && count <= most) return count
  throw call.invalid({
    place: option,
    message: 'not such a number',
    expected: `a whole number from ${least} to ${most}`,
    found: text,
  })
}
