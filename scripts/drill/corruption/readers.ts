/** Of one file of a run: whether the reader that the product uses refuses it, and whether `verify` tells of it. Nothing is set aside. */
import { basename, dirname, relative, sep } from 'node:path'
import { readFolder } from '../../../activities/store/folder.js'
import { readReferences } from '../../../activities/store/references.js'
import { entryLabel, runFolder, stepOf } from '../../../activities/store/runs/run-folder.js'
import { readConfig, readPlan, readResult } from '../../../activities/store/runs/runs.js'
import { readSealed } from '../../../activities/store/sealed.js'
import { lookAtCheckpoint } from '../../../commands/verify/checkpoints.js'
import { lookAtEvaluation } from '../../../commands/verify/evaluations.js'
import { type Look, sum } from '../../../commands/verify/finding.js'
import { lookAtEntry } from '../../../commands/verify/journal.js'
import { configLooks, planLooks } from '../../../commands/verify/run-files.js'
import { referenceLooks } from '../../../commands/verify/stored.js'
import { subjectOf } from '../../../commands/verify/subject.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'

export interface HurtFile {
  home: string
  config: ExperimentConfig
  path: string
}

export function isRefused(file: HurtFile): boolean {
  try {
    read(file)
    return false
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return true
    throw error
  }
}

/** As training, evaluation and the commands read it. */
function read({ home, config, path }: HurtFile): void {
  const { name } = config
  const folder = runFolder(home, name)
  const label = (kind: Parameters<typeof entryLabel>[0]) => entryLabel(kind, stepIn(path), experimentKey(config))
  const [top = ''] = relative(folder, path).split(sep)
  switch (top) {
    case 'checkpoints':
      readFolder(dirname(path))
      return
    case 'rollouts':
      readSealed(path, label('rollout'))
      return
    case 'records':
    case 'metrics':
      readSealed(path, label(top))
      return
    case 'evaluations':
      readSealed(path, label(path.endsWith('.items.json') ? 'evaluation items' : 'evaluation'))
      return
    case 'references':
      readReferences(folder)
      return
    case 'plan.json':
      readPlan(home, name)
      return
    case 'config.json':
      readConfig(home, name)
      return
    case 'result.json':
      readResult(home, name)
      return
    case 'values.json':
    case 'predictor.json':
    case 'provenance.json':
      readSealed(path)
      return
    default:
      throw new Error(`the drill knows no reader of ${path}`)
  }
}

export function isTold({ home, config, path }: HurtFile): boolean {
  const findings = sum(looksAt({ home, config, path }).map(look => look())).findings
  return findings.some(({ place }) => place === path || place === dirname(path))
}

function looksAt({ home, config, path }: HurtFile): Look[] {
  const subject = subjectOf(home, config.name, { id: config.name, config })
  const [top = ''] = relative(subject.folder, path).split(sep)
  switch (top) {
    case 'checkpoints':
      return [() => lookAtCheckpoint(subject, stepIn(dirname(path)))]
    case 'rollouts':
      return [() => lookAtEntry(subject, 'rollout', stepIn(path))]
    case 'records':
    case 'metrics':
      return [() => lookAtEntry(subject, top, stepIn(path))]
    case 'evaluations':
      return [() => lookAtEvaluation(subject, stepIn(path))]
    default:
      return [...planLooks(home, config.name), ...configLooks(subject), ...referenceLooks(subject)]
  }
}

function stepIn(path: string): number {
  const step = stepOf(basename(path).replace(/\.items\.json$/, ''))
  if (step === null) throw new Error(`${path} is of no step`)
  return step
}
