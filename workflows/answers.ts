/**
 * The answers of an evaluation: one activity on the experiment's worker, or if they are many, an activity for each part of their pieces,
 * on whichever worker is free. The config decides which, and the pieces are the same, so the number of workers changes only the time.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow'
import type { AnsweredPieces } from '../activities/answers/answer-pieces.js'
import type { Cut, Part } from '../activities/answers/cut.js'
import type { AnsweredStep } from '../activities/answers/pieces.js'
import type { ArtifactRef } from '../activities/store/store.js'
import type { ExperimentView } from './experiment-view.js'
import type { PolicyWorker } from './policy-worker.js'
import { shareOut } from './shared-work.js'

interface Answering {
  policy: PolicyWorker
  /** Whether other workers can have the policy of the step. */
  mayBeCut: boolean
  /** Whether an activity with the policy follows. */
  more: boolean
  view: ExperimentView
}

/** What no other worker could do, that of the experiment does in the end. */
export async function answersOf(input: AnsweredStep, answering: Answering): Promise<ArtifactRef> {
  const { policy, more } = answering
  for (let { mayBeCut: spread } = answering; ; spread = false) {
    const answers = await policy.run(
      'answerItems',
      { ...input, spread },
      { summary: `answers at step ${input.step}`, more },
    )
    if (!('parts' in answers)) return answers
    await makePieces(input, answers, answering)
  }
}

async function makePieces(
  input: AnsweredStep,
  { parts, answered: { done: before, of } }: Cut,
  { policy, view }: Answering,
) {
  const summary = ({ from, to }: Part) =>
    `answers at step ${input.step}: ${to - from === 1 ? `piece ${to}` : `pieces ${from + 1}-${to}`}`
  let done = before
  view.answered({ done, of })
  await shareOut(parts, async part => {
    const pieces = { ...input, ...part }
    // The worker of the experiment waits for it; with its first piece it becomes one of those that take any.
    done += await answered(
      part === parts[0]
        ? policy.run('answerPieces', pieces, { summary: summary(part), more: false })
        : policy.anywhere('answerPieces', pieces, summary(part)),
    )
    view.answered({ done, of })
  })
}

/** A worker that turns out to be of another engine answers nothing. */
async function answered(call: Promise<AnsweredPieces>): Promise<number> {
  try {
    return (await call).responses
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined
    if (cause instanceof ApplicationFailure && cause.type === 'OtherEngine') return 0
    throw error
  }
}
