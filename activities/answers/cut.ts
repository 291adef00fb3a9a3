/**
 * How the missing pieces of an evaluation are divided into activities. It depends on the config, the items and what is stored, never on the
 * number of workers.
 */
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { ArtifactRef } from '../store/store.js'
import type { Pieces } from './pieces.js'

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

/** A start of fewer bytes is of a policy that answers a piece of the default size in less than seconds, for which an activity is much. */
const smallStart = 2 ** 25
/** So that the history stays short, whatever the size of the evaluation. */
const maxParts = 256

/** Null if one activity does it all. */
export async function cutOf(
  pieces: Pieces,
  { config, start }: { config: ExperimentConfig; start: ArtifactRef },
): Promise<Cut | null> {
  if (config.evaluation.piece === undefined && !paysUnasked(config, start)) return null
  const missing: number[] = []
  for (let piece = 0; piece < pieces.count; piece++) if ((await pieces.find(piece)) === null) missing.push(piece)
  if (missing.length < 2) return null
  const of = pieces.responses(0, pieces.count)
  const left = missing.reduce((sum, piece) => sum + pieces.responses(piece, piece + 1), 0)
  return { parts: partsOf(missing, Math.ceil(pieces.count / maxParts)), answered: { done: of - left, of } }
}

/** A policy of several threads has all cores of a machine: a second worker there would need its memory again, and gain no time. */
function paysUnasked({ engine }: ExperimentConfig, start: ArtifactRef): boolean {
  return start.bytes >= smallStart && engine.kind === undefined && (engine.threads ?? 1) === 1
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
