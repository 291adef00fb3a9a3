/** The answers of an evaluation: one activity, or if they are many, an activity for each part of their pieces (divided.ts). */
import type { AnsweredStep } from '../activities/answers/pieces.js'
import type { Cut } from '../activities/pieces/divided.js'
import type { ArtifactRef } from '../activities/store/store.js'
import { divided, partText } from './divided.js'
import type { ExperimentView } from './experiment-view.js'
import type { PolicyWorker } from './policy-worker.js'

interface Answering {
  policy: PolicyWorker
  /** Whether other workers can have the policy of the step. */
  mayBeCut: boolean
  /** Whether an activity with the policy follows. */
  more: boolean
  view: ExperimentView
}

export function answersOf(input: AnsweredStep, { policy, mayBeCut, more, view }: Answering): Promise<ArtifactRef> {
  const summary = `answers at step ${input.step}`
  return divided<ArtifactRef, Cut>({
    ...{ mayBeCut, view },
    ask: spread => policy.run('answerItems', { ...input, spread }, { summary, more }),
    make: (part, _, isFirst) => {
      const [pieces, text] = [{ ...input, ...part }, `${summary}: ${partText(part)}`]
      return isFirst
        ? policy.run('answerPieces', pieces, { summary: text, more: false })
        : policy.anywhere('answerPieces', pieces, text)
    },
  })
}
