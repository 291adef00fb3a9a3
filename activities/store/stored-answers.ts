/** Answers to test items in the store: the pieces, and a list of all pieces. */
import { join } from 'node:path'
import type { ItemAnswers } from '../../pipelines/evaluation/answer-items.js'
import { writeWhole } from './files.js'
import type { ArtifactRef, Store } from './store.js'

export function keepAnswers(folder: string, answers: readonly ItemAnswers[]): void {
  writeWhole(join(folder, 'answers.json'), JSON.stringify(answers))
}

export function keepPieces(folder: string, pieces: readonly ArtifactRef[]): void {
  writeWhole(join(folder, 'pieces.json'), JSON.stringify(pieces))
}

/** In the order of the test items. Throws ArtifactDamaged. */
export function readAnswers(store: Store, all: ArtifactRef): ItemAnswers[] {
  const pieces = store.json<ArtifactRef[]>(all, 'pieces.json')
  return pieces.flatMap(piece => store.json<ItemAnswers[]>(piece, 'answers.json'))
}
