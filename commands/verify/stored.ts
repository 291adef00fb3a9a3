/** What an experiment refers to in the shared store, and that one output was made from the other. */
import { basename, dirname, join } from 'node:path'
import { damagesIn, type Manifest, readManifest, straysIn } from '../../activities/store/folder.js'
import {
  allReferenceNames,
  type ReferenceName,
  readReferences,
  referenceNames,
} from '../../activities/store/references.js'
import { experimentPaths } from '../../activities/store/runs/run-folder.js'
import type { ArtifactRef } from '../../activities/store/store.js'
import { digest } from '../../pipelines/config/digest.js'
import { type Finding, findingOf, type Look, nothing, type Tally } from './finding.js'
import { leftoversOf } from './leftovers.js'
import { lookAtSealed } from './sealed-file.js'
import { newestStep, remake, type Subject, unlessDamaged } from './subject.js'

/** What an output says that it was made from, as far as it is another output. */
const madeFrom: Readonly<Partial<Record<ReferenceName, Readonly<Record<string, ReferenceName>>>>> = {
  values: { data: 'data' },
  start: { data: 'data' },
  baseEvaluation: { start: 'start', data: 'data' },
}

interface StoredFacts {
  kind: string
  from: Readonly<Record<string, unknown>>
}

export function referenceLooks(subject: Subject): Look[] {
  const path = (name: ReferenceName) => experimentPaths.reference(subject.folder, name)
  return [
    ...allReferenceNames.map(name => () => lookAtSealed({ path: path(name), remedy: remake(subject) })),
    () => lookForReferences(subject),
  ]
}

/** Once a step is made, every stage before training has been. */
function lookForReferences(subject: Subject): Tally {
  const there = referencesOf(subject)
  if (newestStep(subject) === 0) return nothing
  const missing = referenceNames.filter(name => !there.has(name))
  if (missing.length === 0) return nothing
  return {
    ...nothing,
    findings: [
      {
        place: experimentPaths.references(subject.folder),
        message: 'the experiment does not say what it refers to in the store',
        expected: referenceNames.join(', '),
        found: `all but ${missing.join(', ')}`,
        remedy: remake(subject),
      },
    ],
  }
}

export function referencesOf({ folder }: Subject): Map<ReferenceName, ArtifactRef> {
  return unlessDamaged(() => readReferences(folder)) ?? new Map()
}

/** A look for each output that any of the experiments refers to: shared ones are read once. */
export function storeLooks(subjects: readonly Subject[]): Look[] {
  const outputs = new Map<string, { subject: Subject; name: ReferenceName; ref: ArtifactRef }>()
  for (const subject of subjects) {
    for (const [name, ref] of referencesOf(subject)) outputs.set(`${ref.uri} ${ref.sha256}`, { subject, name, ref })
  }
  return [...outputs.values()].map(output => () => lookAtOutput(output))
}

function lookAtOutput({ subject, name, ref }: { subject: Subject; name: ReferenceName; ref: ArtifactRef }): Tally {
  const path = join(subject.home, ref.uri)
  const strays = leftoversOf(dirname(path), stray => stray.includes(basename(path)))
  const remedy = remake(subject)
  try {
    const manifest = readManifest<StoredFacts>(path)
    const damage = manifest === null ? [] : [...damagesIn(path, manifest)]
    const files = Object.values(manifest?.files ?? {})
    const findings = damage.map(error => findingOf(error, { place: path, remedy }))
    return {
      findings: [...findings, ...aboutOutput({ subject, name, ref, path, manifest }), ...strays],
      files: files.length + 1,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  } catch (error) {
    return { findings: [findingOf(error, { place: path, remedy }), ...strays], files: 1, bytes: 0 }
  }
}

function aboutOutput(output: {
  subject: Subject
  name: ReferenceName
  ref: ArtifactRef
  path: string
  manifest: Manifest<StoredFacts> | null
}): Finding[] {
  const { subject, name, ref, path, manifest } = output
  const remedy = remake(subject)
  const refers = `${subject.id} refers to it as its ${name}`
  if (manifest === null) {
    return [
      { place: path, message: `a stored output is missing; ${refers}`, expected: 'a folder', found: 'none', remedy },
    ]
  }
  const found = digest(manifest.files)
  if (found !== ref.sha256) {
    const message = `the stored output is another one; ${refers}`
    return [{ place: path, message, expected: `sha256 ${ref.sha256}`, found: `sha256 ${found}`, remedy }]
  }
  const strays = straysIn(path, manifest).map((stray): Finding => {
    const message = `the manifest of the stored output does not know this file; ${refers}`
    return { place: join(path, stray), message, remedy: 'move it away: nothing here wrote it' }
  })
  const references = referencesOf(subject)
  // A checkpoint is stored by its files alone.
  const sources = ref.kind === 'checkpoint' ? {} : (madeFrom[name] ?? {})
  const foreign = Object.entries(sources).flatMap(([key, source]): Finding[] => {
    const expected = references.get(source)?.sha256
    const says = manifest.about.from[key]
    if (expected === undefined || says === expected) return []
    const message = `the stored output was made from another ${source} than the experiment has; ${refers}`
    return [{ place: path, message, expected: `sha256 ${expected}`, found: `sha256 ${String(says)}`, remedy }]
  })
  return [...strays, ...foreign]
}
