/** The arguments of `npm run drill`. */
import { parseArgs } from 'node:util'
import { Arguments } from '../arguments.js'
import type { NamedServer } from './tinker/drilled-server.js'

const call = new Arguments('drill')

export interface DrillCall<Name extends string> {
  /** In the order of the table. */
  only: readonly Name[]
  seed: number
  kills: number
  config: string | null
  temporal: string | null
  cases: string | null
  /** For the drill tinker. */
  server: NamedServer | null
  places: number
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
  --cases TEXT   of the drill machines: only those whose name contains the text
  --server URL   a server of the Tinker API for the drill tinker (default: the small one of the tests), with
    --base-model NAME  as the server names it (default: its first)
    --policy FOLDER    the same model here, for its tokenizer (default: the base model, if it is named by its folder)
    --restart COMMAND  ends the server by SIGKILL and starts it again, for bash (default: connections are cut instead)
  --places N     of the drill tinker: only its first N kills
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
  const { help, only, short, json, kills, config, temporal, cases, seed, places, ...server } = parsed(given)
  if (help) return null
  const chosen = only === undefined ? names : call.list('--only', { text: only, names, what: 'drill' })
  return {
    only: names.filter(name => chosen.includes(name)),
    seed: numberOf('--seed', seed, { least: 0, most: 2 ** 31 }),
    kills: numberOf('--kills', kills ?? (short ? '10' : '200'), { least: 1, most: 1000 }),
    config: config ?? null,
    temporal: temporal ?? null,
    cases: casesOf(cases, short || config !== undefined),
    server: serverOf(server),
    places: numberOf('--places', places, { least: 1, most: 1000 }),
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
          cases: { type: 'string' },
          server: { type: 'string' },
          'base-model': { type: 'string' },
          policy: { type: 'string' },
          restart: { type: 'string' },
          places: { type: 'string', default: '1000' },
          seed: { type: 'string', default: '1' },
          short: { type: 'boolean', default: false },
          json: { type: 'string' },
        },
      }).values,
  )

function casesOf(text: string | undefined, isOneRun: boolean): string | null {
  if (text === undefined || !isOneRun) return text ?? null
  const expected = 'neither --short nor --config'
  throw call.invalid({ place: '--cases', message: 'this has no effect on a single run', expected, found: text })
}

function serverOf({
  server: url,
  'base-model': baseModel,
  policy,
  restart,
}: Partial<Record<'server' | 'base-model' | 'policy' | 'restart', string>>): NamedServer | null {
  if (url !== undefined) return { url, baseModel: baseModel ?? null, policy: policy ?? null, restart: restart ?? null }
  const alone = Object.entries({ '--base-model': baseModel, '--policy': policy, '--restart': restart }).find(
    ([, text]) => text !== undefined,
  )
  if (alone === undefined) return null
  const [option, found = ''] = alone
  throw call.invalid({ place: option, message: 'this has no effect without a server', expected: '--server URL', found })
}

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
