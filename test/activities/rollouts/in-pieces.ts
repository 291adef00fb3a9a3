/** An experiment whose rollouts are in pieces, driven as the workflow drives it, and what it leaves. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GpuActivities, gpuActivities } from '../../../activities/gpu-activities.js'
import { namesIn, sha256 } from '../../../activities/store/files.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../../activities/training/training.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { prepare, resultOf, runStage } from '../driver.js'

/** 7 prompts in 4 pieces, the last of one prompt. Only the last step has a checkpoint. */
export const config = tinyConfig('pieces', {
  steps: 3,
  rollout: { prompts: 7, samples: 8, piece: 2 },
  update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
  checkpoint: { everySteps: 3 },
})
export const { name: run, steps } = config
export const pieceCount = 4

const homes: string[] = []
const open: PolicyCache[] = []
/** After each file: two share this module if they share a process. */
export async function disposeAll(): Promise<void> {
  prepared = undefined
  for (const policies of open.splice(0)) await policies.dispose()
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
}

export interface Subject {
  place: Workplace
  stages: StageOutputs
}

/** The same time everywhere. */
const at = (home: string): Workplace => ({ ...workplace(home), now: () => 1e12 })

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'rlev-rollout-pieces-'))
  homes.push(home)
  return home
}

/** Everything before training. */
let prepared: Subject | undefined
export async function copyOfPrepared(): Promise<Subject> {
  if (prepared === undefined) {
    const place = at(newHome())
    prepared = { place, stages: await prepare(place, config) }
  }
  const place = at(newHome())
  cpSync(prepared.place.home, place.home, { recursive: true })
  return { place, stages: prepared.stages }
}

export type Worker = Pick<GpuActivities, 'rollOut' | 'rollOutPieces' | 'trainSteps'>

/** A policy worker that has just come up. */
export function worker(place: Workplace): Worker {
  const policies = new PolicyCache(place.store)
  open.push(policies)
  return gpuActivities(place, policies)
}

export async function cutOf({ stages }: Subject, own: Worker, step: number) {
  const cut = await runStage(own.rollOut, { run, stages, step, spread: true })
  assert.ok('parts' in cut)
  return cut
}

/** As the workflow does it. `by` makes the part of this number. */
export async function trainStep(
  subject: Subject,
  { own, step, by, order = parts => parts }: Stepping & { own: Worker; step: number },
): Promise<void> {
  const { stages } = subject
  const { parts, adapter, answered } = await cutOf(subject, own, step)
  assert.deepEqual(answered, { done: 0, of: 56 })
  for (const [index, part] of order(parts.map((part, number) => [number, part] as const))) {
    await runStage(by(index).rollOutPieces, { run, stages, step, adapter, ...part })
  }
  const rolledOut = await runStage(own.rollOut, { run, stages, step, spread: false })
  assert.equal('responses' in rolledOut && rolledOut.responses, 56)
  assert.deepEqual(leftIn(subject), [])
  await runStage(own.trainSteps, { run, stages, from: step - 1, to: step })
}

type Numbered = readonly (readonly [number, { from: number; to: number }])[]
interface Stepping {
  by: (part: number) => Worker
  order?: (parts: Numbered) => Numbered
}

export async function train(subject: Subject, own: Worker, stepping: Stepping): Promise<void> {
  for (let step = 1; step <= steps; step++) await trainStep(subject, { own, step, ...stepping })
}

/** What rollouts in pieces left in the store. */
export const leftIn = ({ place }: Subject) =>
  ['rollout-piece', 'rollout-adapter'].flatMap(kind => namesIn(join(place.home, 'store', kind)))

/** Weights, optimizer and measures, and digests of the journaled rollouts. */
export function madeIn({ place }: Subject) {
  const folder = join(runFolder(place.home, run), 'rollouts')
  const rollouts = namesIn(folder).map(name => sha256(readFileSync(join(folder, name))))
  assert.equal(rollouts.length, steps)
  return { rollouts, ...resultOf(place, config) }
}

let whole: ReturnType<typeof madeIn> | undefined
/** By one activity of one worker. */
export async function expected(): Promise<ReturnType<typeof madeIn>> {
  if (whole === undefined) {
    const subject = await copyOfPrepared()
    await runStage(worker(subject.place).trainSteps, { run, stages: subject.stages, from: 0, to: steps })
    assert.deepEqual(leftIn(subject), [])
    whole = madeIn(subject)
  }
  return whole
}

export const timesIn = ({ place }: Subject) => {
  const folder = join(place.home, 'store', 'rollout-piece')
  return new Map(namesIn(folder).map(name => [name, statSync(join(folder, name, 'rollout.json')).mtimeMs]))
}
