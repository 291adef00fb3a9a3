/**
 * The code and the engine that a run began with, sealed in `provenance.json` beside its plan, and each drift: a change of code or config
 * that a person allowed. Two versions never mix without a note: a worker of another version refuses the run (activities/workplace.ts),
 * and so does a command that would go on with it.
 */
import { dirname } from 'node:path'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'
import { given } from '../../../pipelines/given.js'
import { type Code, codeDifference } from '../../machine/code.js'
import { isSameEngine } from '../../machine/same-engine.js'
import { syncPath, writeOnce, writeWhole } from '../files.js'
import { readSealed, seal } from '../sealed.js'
import { Unchanged } from '../unchanged.js'
import { planPaths, runFolder } from './run-folder.js'

export interface Provenance {
  /** The code that may compute the run now. */
  code: Code
  /** Digest of the code that it began with; outputs that runs share are addressed by it. */
  began: string
  /** The library and device that the policy computes on (pipelines/graph/library.ts); null until its worker has written it. */
  engine: string | null
  /** In order of time. */
  drifts: readonly Drift[]
  /** In order of time; absent if there is none. */
  extensions?: readonly Extension[]
}

/** Further steps of a run, which change nothing of those before (commands/runs/extension.ts). */
export interface Extension {
  /** When it was asked for, in ms. */
  time: number
  /** Of each experiment by id: its steps before and after, and the digest of the config that it began with. */
  experiments: Readonly<Record<string, { from: number; to: number; key: string }>>
}

export interface Drift {
  /** When it was allowed, in ms. */
  time: number
  /** One sentence for each file or key; none if only another engine was allowed, and the one before goes on. */
  changes: readonly string[]
  /** The engine before. */
  engineBefore: string | null
  /** The experiments that were not complete then, by id. */
  experiments: Readonly<Record<string, DriftedExperiment>>
}

export interface DriftedExperiment {
  /** Of the newest checkpoint: the steps after it were computed, or computed again, after the change. */
  step: number
  /** Digest of the config that the experiment began with, if it differs now. */
  key?: string
}

const known = new Unchanged<Provenance | null>(8)

/** Of an experiment or of its plan. Null for a run that has not begun. */
export function readProvenance(home: string, id: string): Provenance | null {
  const path = provenancePath(home, id)
  return known.read(path, () => readSealed(path))
}

/** The first record of a run stays. */
export function beginProvenance(home: string, id: string, code: Code): void {
  const path = provenancePath(home, id)
  if (!writeOnce(path, seal({ code, began: code.digest, engine: null, drifts: [] } satisfies Provenance))) return
  syncPath(path)
  syncPath(dirname(path))
}

/** The run goes on with `code`; its next worker writes the engine. */
export function addDrift(options: { home: string; id: string; code: Code; drift: Omit<Drift, 'engineBefore'> }): void {
  const { home, id, code, drift } = options
  const before = readProvenance(home, id)
  const drifts = [...(before?.drifts ?? []), { ...drift, engineBefore: before?.engine ?? null }]
  const began = before?.began ?? code.digest
  const extensions = given({ extensions: before?.extensions })
  writeWhole(provenancePath(home, id), seal({ code, began, engine: null, drifts, ...extensions } satisfies Provenance))
}

/** Of a run that has begun. An earlier note of an extension that did not come about is replaced. */
export function addExtension(options: { home: string; id: string; extension: Extension }): void {
  const { home, id, extension } = options
  const before = readProvenance(home, id)
  if (before === null) throw new Error(`${id} has not begun`)
  const made = (before.extensions ?? []).filter(({ experiments }) =>
    Object.entries(experiments).every(([name, { to }]) => to <= (extension.experiments[name]?.from ?? to)),
  )
  writeWhole(provenancePath(home, id), seal({ ...before, extensions: [...made, extension] } satisfies Provenance))
}

/** @throws RlevError Drift, with the files that differ, if the run began with other code. */
export function refuseOtherCode(home: string, id: string, code: Code): void {
  const before = readProvenance(home, id)
  if (before === null || before.code.digest === code.digest) return
  throw drifted(id, {
    message: 'the code that computes has changed since the run began',
    expected: `code ${before.code.digest.slice(0, 12)}`,
    found: `code ${code.digest.slice(0, 12)}: ${listed(codeDifference(before.code, code))}`,
  })
}

/** Writes the engine of a run that has none yet. @throws RlevError OtherEngine, with the run's as `expected`, if it has another one. */
export function claimEngine(home: string, id: string, engine: string): void {
  const before = readProvenance(home, id)
  if (before === null || (before.engine !== null && isSameEngine(before.engine, engine))) return
  if (before.engine !== null) {
    const message = 'what the policy computes on has changed since the run began'
    // Only workers that compute here have queues by engine.
    const kind = [before.engine, engine].every(name => name.startsWith('TensorFlow')) ? 'OtherEngine' : 'Drift'
    throw drifted(id, { kind, message, expected: before.engine, found: engine })
  }
  writeWhole(provenancePath(home, id), seal({ ...before, engine, drifts: withEngine(before.drifts, engine) }))
}

/** Digest of the code that a run began with; `code` if it has not begun. */
export function originalCode(home: string, id: string, code: Code): string {
  return readProvenance(home, id)?.began ?? code.digest
}

/** The key that an experiment's checkpoints and its run in MLflow carry: of the config that it began with. */
export function originalKey(home: string, id: string, config: ExperimentConfig): string {
  const { drifts = [], extensions = [] } = readProvenance(home, id) ?? {}
  const changes = [...drifts, ...extensions].sort((a, b) => a.time - b.time)
  const first = changes.find(({ experiments }) => experiments[id]?.key !== undefined)
  return first?.experiments[id]?.key ?? experimentKey(config)
}

/** Of an experiment, or of all of a run: `extended from 20 to 40 steps`. */
export function extensionsOf(home: string, id: string): string[] {
  const { extensions = [] } = readProvenance(home, id) ?? {}
  const told = extensions.flatMap(({ experiments }) =>
    Object.entries(experiments).flatMap(([name, { from, to }]) =>
      name === id || name.startsWith(`${id}/`) ? `extended from ${from} to ${to} steps` : [],
    ),
  )
  return [...new Set(told)]
}

/** The drifts of a run, or of one experiment of it: `from step 20 on: update.learningRate = 0.002 (before: 0.001)`. */
export function driftsOf(home: string, id: string): string[] {
  const drifts = readProvenance(home, id)?.drifts ?? []
  return drifts.flatMap(({ changes, experiments }) => {
    if (changes.length === 0) return []
    const steps = Object.entries(experiments).flatMap(([name, { step }]) =>
      name === id || name.startsWith(`${id}/`) ? step : [],
    )
    // A change of a sweep's settings is the run's, also where every experiment was complete.
    if (steps.length === 0) return id.includes('/') ? [] : [listed(changes)]
    return `from step ${Math.min(...steps)} on: ${listed(changes)}`
  })
}

function withEngine(drifts: readonly Drift[], engine: string): Drift[] {
  return drifts.map((drift, index) => {
    const { engineBefore, changes } = drift
    if (index < drifts.length - 1 || engineBefore === null || isSameEngine(engineBefore, engine)) return drift
    return { ...drift, changes: [...changes, `the policy computes on ${engine} (before: ${engineBefore})`] }
  })
}

function drifted(
  place: string,
  difference: { kind?: 'OtherEngine' | 'Drift'; message: string; expected: string; found: string },
): RlevError {
  const name = place.split('/')[0]
  return new RlevError({
    kind: 'Drift',
    place,
    ...difference,
    remedy: `\`rlev resume ${name} --allow-drift\` goes on with the code and config of now, and its tracking says so; or restore those of before`,
  })
}

/** Changes that an error lists. */
const maxListed = 8

export function listed(changes: readonly string[]): string {
  const more = changes.length > maxListed ? ` (and ${changes.length - maxListed} more)` : ''
  return changes.slice(0, maxListed).join(', ') + more
}

function provenancePath(home: string, id: string): string {
  return planPaths.provenance(runFolder(home, id.split('/')[0] ?? id))
}
