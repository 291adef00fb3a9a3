/** Checkpoints: every file against its manifest, the manifest against its place, the chain of parents, and the result's weights. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckpointFacts } from '../../activities/store/checkpoints.js'
import { damagesIn, type Manifest, readManifest, straysIn } from '../../activities/store/folder.js'
import { experimentPaths, stepName, stepOf } from '../../activities/store/runs/run-folder.js'
import { trainedFile } from '../../pipelines/checkpoint/checkpoint-files.js'
import { type Finding, findingOf, type Look, nothing, type Tally } from './finding.js'
import { isDone, lastStep, remake, type Subject, stepsIn } from './subject.js'

export function checkpointLooks(subject: Subject): Look[] {
  const steps = stepsIn(subject, 'checkpoints')
  return [...steps.map(step => () => lookAtCheckpoint(subject, step)), () => lookForLast(subject)]
}

export function lookAtCheckpoint(subject: Subject, step: number): Tally {
  const path = folderOf(subject, step)
  const remedy = remake(subject)
  let manifest: Manifest<CheckpointFacts> | null
  try {
    manifest = readManifest<CheckpointFacts>(path)
  } catch (error) {
    return { findings: [findingOf(error, { place: path, remedy })], files: 1, bytes: 0 }
  }
  // Gone since the folder was listed: a newer one took its place.
  if (manifest === null) return nothing
  const files = Object.values(manifest.files)
  return {
    findings: [
      ...[...damagesIn(path, manifest)].map(damage => findingOf(damage, { place: path, remedy })),
      ...aboutIdentity(subject, step, manifest.about),
      ...aboutParent(subject, step, manifest.about),
      ...aboutWeights(subject, step, manifest),
      ...aboutStrays(path, manifest),
    ],
    files: files.length + 1,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function aboutIdentity(subject: Subject, step: number, { step: saysStep, experimentKey }: CheckpointFacts): Finding[] {
  const place = folderOf(subject, step)
  const findings: Finding[] = []
  if (saysStep !== step) {
    const message = 'the checkpoint is of another step'
    findings.push({ place, message, expected: `step ${step}`, found: `step ${saysStep}`, remedy: remake(subject) })
  }
  if (experimentKey !== subject.key) {
    const message = 'the checkpoint belongs to another experiment'
    const remedy = 'move it away; training goes on from the one before'
    findings.push({
      place,
      message,
      expected: `experiment key ${subject.key}`,
      found: experimentKey,
      remedy,
    })
  }
  return findings
}

/** A parent may have gone by retention, and then everything older has, but the best. */
function aboutParent(subject: Subject, step: number, { parent }: CheckpointFacts): Finding[] {
  if (parent === null) return []
  const place = folderOf(subject, step)
  const parentStep = stepOf(parent)
  if (parentStep === null || parentStep >= step) {
    const message = 'the checkpoint names a parent that cannot be'
    return [{ place, message, expected: 'an earlier checkpoint', found: parent, remedy: remake(subject) }]
  }
  const path = join(experimentPaths.checkpoints(subject.folder), parent)
  const older = stepsIn(subject, 'checkpoints').filter(other => other < parentStep)
  if (existsSync(path) || older.length === 0 || subject.config.checkpoint.best) return []
  const message = `the checkpoint that step ${step} went on from is missing, and older ones are there`
  return [{ place: path, message, expected: 'a folder', found: 'none', remedy: remake(subject) }]
}

function aboutWeights({ result, folder }: Subject, step: number, { files }: Manifest<CheckpointFacts>): Finding[] {
  if (result?.weights === undefined || step !== result.step) return []
  const found = files[trainedFile(Object.keys(files)) ?? '']?.sha256
  if (found === result.weights) return []
  return [
    {
      place: experimentPaths.result(folder),
      message: 'the result names other weights than the last checkpoint has',
      expected: `sha256 ${found}`,
      found: `sha256 ${result.weights}`,
      remedy: 'move result.json away if the checkpoint is the right one; `rlev resume` writes it again',
    },
  ]
}

function aboutStrays(path: string, manifest: Manifest<CheckpointFacts>): Finding[] {
  return straysIn(path, manifest).map(name => ({
    place: join(path, name),
    message: 'the manifest of the checkpoint does not know this file',
    remedy: 'move it away: nothing here wrote it, and the checkpoint is passed over while it is there',
  }))
}

function lookForLast(subject: Subject): Tally {
  const { config } = subject
  const path = folderOf(subject, lastStep(subject))
  if (!isDone(subject) || config.steps === 0 || subject.elsewhere || existsSync(path)) return nothing
  const message = 'the checkpoint of the last step is missing'
  return {
    ...nothing,
    findings: [{ place: path, message, expected: 'a folder', found: 'none', remedy: remake(subject) }],
  }
}

function folderOf({ folder }: Subject, step: number): string {
  return join(experimentPaths.checkpoints(folder), stepName(step))
}
