/** The journal: every entry against its seal, its step and its experiment; and no step missing between the first and the last. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { entryLabel, experimentPaths } from '../../activities/store/runs/run-folder.js'
import { type Finding, type Look, ranges, type Tally } from './finding.js'
import { lookAtSealed } from './sealed-file.js'
import { newestStep, remake, type Subject, stepsIn, trimOf } from './subject.js'

const kinds = [
  ['rollout', 'rollouts'],
  ['records', 'records'],
  ['metrics', 'metrics'],
] as const

export function journalLooks(subject: Subject): Look[] {
  const entries = kinds.flatMap(([kind, folder]) =>
    stepsIn(subject, folder).map(step => () => lookAtEntry(subject, kind, step)),
  )
  const trim = experimentPaths.trim(subject.folder)
  const remedy = 'move the file away; the next trimming writes it again'
  const rounds = stepsIn(subject, 'rounds').map(step => () => lookAtRounds(subject, step))
  return [...entries, ...rounds, () => lookAtSealed({ path: trim, remedy }), () => lookForGaps(subject)]
}

/** Of a step that is being sampled, or was when its worker died. */
function lookAtRounds(subject: Subject, step: number): Tally {
  const path = experimentPaths.rounds(subject.folder, step)
  const remedy = existsSync(experimentPaths.rollout(subject.folder, step))
    ? 'nothing needs it: move it away'
    : remake(subject)
  return lookAtSealed({ path, label: entryLabel('rounds', step, subject.key), remedy })
}

export function lookAtEntry(subject: Subject, kind: (typeof kinds)[number][0], step: number): Tally {
  const path = experimentPaths[kind](subject.folder, step)
  return lookAtSealed({ path, label: entryLabel(kind, step, subject.key), remedy: remedyFor(subject, kind, step) })
}

/** Metrics are made again by any resuming; what only leads up to a checkpoint that is there is not missed by anything. */
function remedyFor(subject: Subject, kind: (typeof kinds)[number][0], step: number): string {
  const checkpoint = stepsIn(subject, 'checkpoints').find(made => made >= step)
  if (kind === 'metrics' || checkpoint === undefined) return remake(subject)
  return `nothing needs it while the checkpoint of step ${checkpoint} is whole: move it away, or leave it as it is`
}

function lookForGaps(subject: Subject): Tally {
  // In the reverse order of writing: what is made meanwhile is rather seen without its successor than without its forerunner.
  const there = new Map(kinds.map(([kind, folder]) => [kind, new Set(stepsIn(subject, folder))] as const).reverse())
  const newest = newestStep(subject)
  const missing = kinds.map(([kind, folder]) => {
    const steps: number[] = []
    for (let step = 1; step <= newest; step++) {
      if (there.get(kind)?.has(step) || (step === newest && !isOwed(kind, step, there))) continue
      if (!existsSync(experimentPaths[kind](subject.folder, step))) steps.push(step)
    }
    return { kind, folder, steps }
  })
  // Read after the looks: the note is written before the first file goes.
  const trimmed = trimOf(subject)?.upTo ?? 0
  const findings = missing.flatMap(({ kind, folder, steps }): Finding[] => {
    const lost = kind === 'metrics' ? steps : steps.filter(step => step > trimmed)
    const last = lost.at(-1)
    if (last === undefined) return []
    return [
      {
        place: join(subject.folder, folder),
        message: `the ${kind === 'rollout' ? 'responses' : kind} of ${lost.length === 1 ? 'a step are' : 'steps are'} missing`,
        expected: `every step from ${kind === 'metrics' ? 1 : trimmed + 1} to ${newest}`,
        found: `all but ${ranges(lost)}`,
        remedy: remedyFor(subject, kind, last),
      },
    ]
  })
  return { findings, files: 0, bytes: 0 }
}

/** Whether an entry of the newest step must be there, because one that is written after it is. */
function isOwed(
  kind: (typeof kinds)[number][0],
  step: number,
  there: ReadonlyMap<string, ReadonlySet<number>>,
): boolean {
  const after = kinds.slice(kinds.findIndex(([other]) => other === kind) + 1)
  return after.some(([other]) => there.get(other)?.has(step))
}
