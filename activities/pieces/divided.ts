/**
 * Work of a policy that is divided into pieces, each stored when it is made: the answers of an evaluation, and the rollout of a step. Which
 * are missing, and how these are divided into activities, depends on the config, the data and what is stored, never on the number of workers.
 */
import { type Hooks, partOfWork } from '../../pipelines/progress.js'
import { throwIfCancelled } from '../stage.js'
import type { ArtifactRef } from '../store/store.js'

/** Pieces from `from` to before `to`: one activity. */
export interface Part {
  from: number
  to: number
}

export interface Cut {
  /** What is missing. */
  parts: readonly Part[]
  /** Responses that are stored, and all. */
  answered: { done: number; of: number }
}

/** Responses that are stored now; fewer than asked for if this worker cannot have the policy of the step. */
export interface AnsweredPieces {
  responses: number
}

/** `Answering`: what makes the responses. */
export interface Divided<Answering> {
  readonly count: number
  /** Of the pieces from `from` to before `to`. */
  responses(from: number, to: number): number
  /** Null if it is not stored. */
  find(piece: number): Promise<ArtifactRef | null>
  /** The stored piece, or one that is made now. `hooks` tell the progress of the whole. */
  make(piece: number, options: { answering: () => Promise<Answering>; hooks: Hooks }): Promise<ArtifactRef>
}

/** So that the history stays short, however many pieces there are. */
const maxParts = 256

/** Null if one activity does what is missing. */
export async function cutOf<Answering>(pieces: Divided<Answering>): Promise<Cut | null> {
  const missing: number[] = []
  for (let piece = 0; piece < pieces.count; piece++) if ((await pieces.find(piece)) === null) missing.push(piece)
  if (missing.length < 2) return null
  const of = pieces.responses(0, pieces.count)
  const left = missing.reduce((sum, piece) => sum + pieces.responses(piece, piece + 1), 0)
  return { parts: partsOf(missing, Math.ceil(pieces.count / maxParts)), answered: { done: of - left, of } }
}

/** Neighbours together, at most `size` of them. `pieces` ascend. */
export function partsOf(pieces: readonly number[], size: number): Part[] {
  const parts: Part[] = []
  for (const piece of pieces) {
    const last = parts.at(-1)
    if (last !== undefined && last.to === piece && last.to - last.from < size) last.to = piece + 1
    else parts.push({ from: piece, to: piece + 1 })
  }
  return parts
}

/** All pieces, in order; those that are missing are made. */
export async function makeAll<Answering>(
  pieces: Divided<Answering>,
  { answering, hooks }: { answering: () => Promise<Answering>; hooks: Hooks },
): Promise<ArtifactRef[]> {
  const made: ArtifactRef[] = []
  for (let piece = 0; piece < pieces.count; piece++) {
    const part = { from: 0, to: pieces.count }
    made.push(await pieces.make(piece, { answering, hooks: within(pieces, hooks, { part, piece }) }))
    await throwIfCancelled()
  }
  return made
}

/** The missing pieces of a part. `open` is asked at the first one that is missing, and gives null if this worker cannot have the policy. */
export async function makePart<Answering>(
  pieces: Divided<Answering>,
  { part, open, hooks }: { part: Part; open: () => Promise<Answering | null>; hooks: Hooks },
): Promise<AnsweredPieces> {
  const { from, to } = part
  let answering: Answering | null = null
  for (let piece = from; piece < to; piece++) {
    if ((await pieces.find(piece)) === null) {
      answering ??= await open()
      const opened = answering
      if (opened === null) return { responses: pieces.responses(from, piece) }
      await pieces.make(piece, { answering: async () => opened, hooks: within(pieces, hooks, { part, piece }) })
    }
    await throwIfCancelled()
  }
  return { responses: pieces.responses(from, to) }
}

/** For a piece of a part, whose progress is told as that of the part. */
function within<Answering>(
  pieces: Divided<Answering>,
  hooks: Hooks,
  { part: { from, to }, piece }: { part: Part; piece: number },
): Hooks {
  return partOfWork(hooks, { before: pieces.responses(from, piece), of: pieces.responses(from, to) })
}
