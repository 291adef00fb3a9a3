/**
 * `rlev checkpoint NAME FOLDER`: the policy of a run as Hugging Face folders outside of its home: the last checkpoint, and the best one by a
 * metric of the evaluations. An adapter is in the weights, unless its own form is asked for.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Checkpoints } from '../../activities/store/checkpoints.js'
import { readReferences } from '../../activities/store/references.js'
import type { BestMetric } from '../../activities/store/retention.js'
import { originalKey } from '../../activities/store/runs/provenance.js'
import { runFolder } from '../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan } from '../../activities/store/runs/runs.js'
import { Store } from '../../activities/store/store.js'
import { temporaryBeside } from '../../activities/store/temporary-names.js'
import { adapterFiles } from '../../pipelines/checkpoint/checkpoint-files.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { printable } from '../../pipelines/printable.js'
import { isAdapter, writeWholePolicy } from '../clone/whole-policy.js'
import { refuseTrainedElsewhere } from '../import-results/refusals.js'
import { knownRun } from '../runs/run-names.js'
import { openHome } from '../services/home.js'
import { toJson } from '../text/json.js'
import { type Chosen, chosenCheckpoints } from './chosen-checkpoints.js'

export interface CheckpointOptions {
  home?: string | undefined
  /** Name of a run, or id of an experiment: NAME/ARM/seed-N. */
  name: string
  folder: string
  /** `checkpoint.best` of the run unless said. */
  metric?: BestMetric | undefined
  step?: number | undefined
  /** An adapter as an adapter. */
  adapter?: boolean | undefined
  json?: boolean | undefined
}

/** What `rlev.json` beside the weights says of them. */
interface Exported extends Chosen {
  experiment: string
  /** Of the config. */
  steps: number
  form: 'whole' | 'adapter' | 'adapter in the weights'
  /** Of the checkpoint's trained file. */
  sha256: string
  folder: string
}

export async function writeCheckpoints(options: CheckpointOptions): Promise<void> {
  const home = openHome(options.home).path
  const experiments = experimentsNamed(home, options.name)
  const target = resolve(options.folder)
  const made: Exported[] = []
  const notes: string[] = []
  for (const { id, config } of experiments) {
    const [, ...inSweep] = id.split('/')
    const into = experiments.length === 1 ? target : join(target, ...inSweep)
    const found = await exportExperiment({ ...options, home, id, config, into })
    made.push(...found.made)
    notes.push(...found.notes)
  }
  if (options.json === true) return console.log(toJson({ exported: made, notes }))
  for (const one of made) console.log(printable(lineOf(one)))
  for (const note of notes) console.log(printable(note))
}

async function exportExperiment({
  home,
  id,
  config,
  into,
  metric = config.checkpoint.best ?? undefined,
  step,
  adapter = false,
}: Pick<CheckpointOptions, 'metric' | 'step' | 'adapter'> & {
  home: string
  id: string
  config: ExperimentConfig
  into: string
}): Promise<{ made: Exported[]; notes: string[] }> {
  const folder = runFolder(home, id)
  const experimentKey = originalKey(home, id, config)
  const checkpoints = new Checkpoints(folder, experimentKey)
  const { chosen, notes } = chosenCheckpoints({ home, id, folder, experimentKey, checkpoints, metric, step })
  for (const { as } of chosen) refuseThere(join(into, as))
  const start = readReferences(folder).get('start')
  const made: Exported[] = []
  for (const one of chosen) {
    const checkpoint = checkpoints.whole(one.step)
    if (checkpoint === null || start === undefined) throw damaged(id, one.step)
    const merges = isAdapter(checkpoint) && !adapter
    const place = join(into, one.as)
    const form = merges ? 'adapter in the weights' : isAdapter(checkpoint) ? 'adapter' : 'whole'
    const sha256 = checkpoint.weights
    const facts: Exported = { ...one, experiment: id, steps: config.steps, form, sha256, folder: place }
    await written(place, async temporary => {
      if (form === 'adapter') copyAdapter(checkpoint.path, temporary)
      else await writeWholePolicy({ checkpoint, base: new Store(home).folder(start), target: temporary })
      const { folder: _folder, ...told } = facts
      writeFileSync(join(temporary, 'rlev.json'), `${toJson(told)}\n`)
    })
    made.push(facts)
  }
  return { made, notes }
}

function copyAdapter(from: string, to: string): void {
  for (const name of Object.values(adapterFiles)) copyFileSync(join(from, name), join(to, name))
}

/** Whole or not at all. */
async function written(place: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  mkdirSync(dirname(place), { recursive: true })
  const temporary = temporaryBeside(place)
  try {
    mkdirSync(temporary)
    await fill(temporary)
    renameSync(temporary, place)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function experimentsNamed(home: string, name: string): { id: string; config: ExperimentConfig }[] {
  const [run = ''] = name.split('/')
  refuseTrainedElsewhere(home, run, 'to write')
  const all = experimentsOf(readPlan(home, knownRun(home, run)))
  const found = name === run ? all : all.filter(({ id }) => id === name)
  if (found.length > 0) return found
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'there is no such experiment',
    place: name,
    expected: `${run} for all of them, or one of ${all
      .slice(0, 8)
      .map(({ id }) => id)
      .join(', ')}`,
  })
}

function refuseThere(place: string): void {
  if (!existsSync(place)) return
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the folder to write is there already',
    place,
    expected: 'a folder that is not there',
    found: 'one',
    remedy: 'name another folder, or remove it',
  })
}

function damaged(id: string, step: number): RlevError {
  return new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the checkpoint, or what the run started from, is missing or damaged',
    place: `${id} step ${step}`,
    remedy: `\`rlev verify ${id.split('/')[0]}\` says what; \`rlev resume\` makes it again`,
  })
}

function lineOf({ as, experiment, step, steps, metric, value, form, folder }: Exported): string {
  const by = given({
    by: metric === undefined || value === undefined ? undefined : `${metric} ${(100 * value).toFixed(1)}%`,
  }).by
  return [`${as} of ${experiment}`, `step ${step} of ${steps}`, by, form === 'whole' ? undefined : form, folder]
    .filter(part => part !== undefined)
    .join('  ')
}
