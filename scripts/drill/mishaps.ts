/** Mishaps of an interrupted run, and whether training goes on past each of them to the undisturbed bits. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { namesIn } from '../../activities/store/files.js'
import { experimentPaths, runFolder, stepName, stepOf } from '../../activities/store/runs/run-folder.js'
import { temporaryBeside } from '../../activities/store/temporary-names.js'
import { examineRun } from '../../commands/verify/examine.js'
import type { Finding } from '../../commands/verify/finding.js'
import { readSafetensorsHeader } from '../../pipelines/checkpoint/safetensors-reader.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { stream } from '../../pipelines/random.js'
import { filesByKind, replaceByFile, replaceByFolder, wound } from './corruption/damage.js'
import { runInProcess } from './in-process.js'
import { differencesOf, outcomeOf } from './outcome.js'

/** A run that was left alone, and another one of the same warm start in the same home. */
export interface Undisturbed {
  home: string
  config: ExperimentConfig
  other: ExperimentConfig
  outcome: ReadonlyMap<string, string>
}

export interface Mishap {
  name: string
  /** The run was interrupted after this step, its journal and checkpoints up to there. */
  interruptedAt: number
  /** Hurts the run, and gives the places that `verify` must name before training goes on. */
  hurt: (run: HurtRun) => string[]
  /** Part of the error that ends the run, where it must not go on. */
  refusal?: RegExp
}

interface HurtRun {
  folder: string
  otherFolder: string
  index: number
}

/** The named ones, and `resumed` with a few wounds at random places. */
export function mishaps({ seed, resumed, short }: { seed: number; resumed: number; short: boolean }): Mishap[] {
  const named = short ? namedMishaps.filter((_, index) => index % 4 === 0) : namedMishaps
  const random = stream(seed, 'mishaps')
  const drawn = Array.from({ length: resumed }, (_, index): Mishap => {
    const count = 1 + random.integer(3, index, 0)
    return {
      name: `${count === 1 ? 'a random wound' : `${count} random wounds`} after step ${2 + random.integer(7, index, 1)}`,
      interruptedAt: 2 + random.integer(7, index, 1),
      hurt: ({ folder }) =>
        Array.from({ length: count }, (_, wounded) => {
          const among = [...filesByKind(folder)].flatMap(([kind, files]) => (kind.startsWith('plan') ? [] : files))
          const path = among[random.integer(among.length, index, 2, wounded)] as string
          wound(
            path,
            random.integer(2, index, 3, wounded) === 0 ? 'cut' : 'changed byte',
            random,
            100 * index + wounded,
          )
          return path
        }),
    }
  })
  return [...named, ...drawn]
}

const checkpoint = (folder: string, step: number, ...names: string[]) =>
  join(experimentPaths.checkpoints(folder), stepName(step), ...names)

const entryKinds = ['rollout', 'records', 'metrics', 'evaluation'] as const

const namedMishaps: readonly Mishap[] = [
  {
    name: 'the manifest of the newest checkpoint is missing',
    interruptedAt: 6,
    hurt: ({ folder }) => removed(checkpoint(folder, 6, 'manifest.json'), checkpoint(folder, 6)),
  },
  {
    name: 'the weights of the newest checkpoint are missing',
    interruptedAt: 6,
    hurt: ({ folder }) => removed(checkpoint(folder, 6, 'model.safetensors')),
  },
  {
    name: 'the optimizer of the newest checkpoint is an empty file',
    interruptedAt: 6,
    hurt: ({ folder }) => emptied(checkpoint(folder, 6, 'optimizer.safetensors')),
  },
  {
    name: 'the newest checkpoint is a file',
    interruptedAt: 6,
    hurt: ({ folder }) => {
      replaceByFile(checkpoint(folder, 6))
      return [checkpoint(folder, 6)]
    },
  },
  {
    name: 'a crash left a temporary folder beside the checkpoints',
    interruptedAt: 5,
    hurt: ({ folder }) => [leftoverOf(checkpoint(folder, 6))],
  },
  {
    name: 'the checkpoint of another step lies in the place of the newest',
    interruptedAt: 6,
    hurt: ({ folder }) => {
      rmSync(checkpoint(folder, 6), { recursive: true })
      cpSync(checkpoint(folder, 2), checkpoint(folder, 6), { recursive: true })
      return [checkpoint(folder, 6)]
    },
  },
  {
    name: 'the newest checkpoint has the manifest of another step',
    interruptedAt: 6,
    hurt: ({ folder }) => {
      copyFileSync(checkpoint(folder, 4, 'manifest.json'), checkpoint(folder, 6, 'manifest.json'))
      return namesIn(checkpoint(folder, 6))
        .filter(name => name.includes('model.safetensors'))
        .map(name => checkpoint(folder, 6, name))
    },
  },
  {
    name: 'an index beside the newest checkpoint leads to weights of another step',
    interruptedAt: 6,
    hurt: ({ folder }) => {
      const [shard, index] = ['model-00001-of-00001.safetensors', 'model.safetensors.index.json']
      const weights = checkpoint(folder, 2, 'model.safetensors')
      copyFileSync(weights, checkpoint(folder, 6, shard))
      const names = [...readSafetensorsHeader(weights).tensors.keys()]
      const content = { weight_map: Object.fromEntries(names.map(name => [name, shard])) }
      writeFileSync(checkpoint(folder, 6, index), JSON.stringify(content))
      return [shard, index].map(name => checkpoint(folder, 6, name))
    },
  },
  {
    name: 'a checkpoint of another experiment lies in the place of the newest',
    interruptedAt: 6,
    hurt: ({ folder, otherFolder }) => {
      rmSync(checkpoint(folder, 6), { recursive: true })
      cpSync(checkpoint(otherFolder, 6), checkpoint(folder, 6), { recursive: true })
      return [checkpoint(folder, 6)]
    },
    refusal: /belongs to another experiment/,
  },
  {
    name: 'every checkpoint is damaged',
    interruptedAt: 7,
    hurt: ({ folder }) => [2, 4, 6].flatMap(step => emptied(checkpoint(folder, step, 'model.safetensors'))),
  },
  ...entryKinds.flatMap((kind): Mishap[] => {
    // A step that no checkpoint holds yet has to be replayed from what is hurt.
    const [step, another] = kind === 'evaluation' ? [6, 4] : [7, 5]
    const path = (folder: string) => experimentPaths[kind](folder, step)
    const mishap = (what: string, hurt: Mishap['hurt']): Mishap => {
      return { name: `the newest file of the kind ${kind} is ${what}`, interruptedAt: 7, hurt }
    }
    return [
      mishap('empty', ({ folder }) => emptied(path(folder))),
      mishap('a folder', ({ folder }) => {
        replaceByFolder(path(folder))
        return [path(folder)]
      }),
      mishap('that of another step', ({ folder }) => copied(experimentPaths[kind](folder, another), path(folder))),
      mishap('that of another run', ({ folder, otherFolder }) => copied(path(otherFolder), path(folder))),
    ]
  }),
  {
    name: 'rollout and records of a step without a checkpoint are damaged together',
    interruptedAt: 7,
    hurt: ({ folder }) => (['rollout', 'records'] as const).flatMap(kind => emptied(experimentPaths[kind](folder, 7))),
  },
  {
    name: 'the metrics of a step whose checkpoint is whole are missing',
    interruptedAt: 6,
    hurt: ({ folder }) => removed(experimentPaths.metrics(folder, 4), join(folder, 'metrics')),
  },
]

function removed(path: string, told = path): string[] {
  rmSync(path)
  return [told]
}

function emptied(path: string): string[] {
  writeFileSync(path, '')
  return [path]
}

function copied(from: string, to: string): string[] {
  copyFileSync(from, to)
  return [to]
}

/** As a worker leaves it that was killed an hour ago. */
function leftoverOf(path: string): string {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const place = join(dirname(path), basename(temporaryBeside(path)).replace(`-${process.pid}-`, `-${pid}-`))
  mkdirSync(place)
  const file = join(place, 'model.safetensors')
  writeFileSync(file, 'half')
  const hourAgo = Date.now() / 1000 - 3600
  for (const each of [file, place]) utimesSync(each, hourAgo, hourAgo)
  return place
}

/** What went otherwise than it should, a sentence each. `home` is a copy of the undisturbed one. */
export async function goesOn(options: {
  mishap: Mishap
  home: string
  undisturbed: Undisturbed
  index: number
}): Promise<string[]> {
  const { mishap, home, undisturbed, index } = options
  const { config, other, outcome } = undisturbed
  const folder = runFolder(home, config.name)
  interrupt(folder, mishap.interruptedAt)
  const hurt = mishap.hurt({ folder, otherFolder: runFolder(home, other.name), index })
  const { findings } = await examineRun(home, config.name)
  const told = new Set(findings.map(({ place }) => place))
  const untold = hurt.filter(path => !isToldBy(told, path))
  const failures = untold.map(path => `${mishap.name}: verify does not tell of ${path}`)

  if (mishap.refusal !== undefined) {
    const refused = await refusalOf(home, config)
    if (!mishap.refusal.test(refused)) failures.push(`${mishap.name}: not refused, but ${refused}`)
    return failures
  }
  await runInProcess({ home, config })
  failures.push(...differencesOf(mishap.name, outcome, outcomeOf(home, config.name, config.steps)))
  const left = (await examineRun(home, config.name)).findings
  return [
    ...failures,
    ...left
      .filter(finding => !isRemains(finding, hurt))
      .map(({ place, message }) => `${mishap.name}: afterwards ${place}: ${message}`),
  ]
}

/** Where the manifest itself is damaged, nothing tells which of the files beside it are. */
function isToldBy(told: ReadonlySet<string>, path: string): boolean {
  return [path, dirname(path), join(dirname(path), 'manifest.json')].some(place => told.has(place))
}

async function refusalOf(home: string, config: ExperimentConfig): Promise<string> {
  try {
    await runInProcess({ home, config })
    return 'trained'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What was set aside, and what was hurt behind a checkpoint that needs it no more. */
function isRemains({ place }: Finding, hurt: readonly string[]): boolean {
  return /\.damaged-\d+$/.test(place) || hurt.includes(place)
}

/** As a run is left by a worker that died after this step: what came later was never written. */
function interrupt(folder: string, step: number): void {
  rmSync(experimentPaths.result(folder), { force: true })
  for (const kind of ['rollouts', 'records', 'metrics', 'evaluations', 'checkpoints']) {
    for (const name of namesIn(join(folder, kind))) {
      const of = stepOf(name.replace(/\.items\.json$/, ''))
      if (of !== null && of > step) rmSync(join(folder, kind, name), { recursive: true })
    }
  }
  if (!existsSync(folder)) throw new Error(`${folder} is not there`)
}
