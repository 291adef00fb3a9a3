/**
 * Work with the policy that is one activity on the experiment's worker, or if it has many pieces, an activity for each part of them, on
 * whichever worker is free. The config decides which, and the pieces are the same, so the number of workers changes only the time.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow'
import type { AnsweredPieces, Cut, Part } from '../activities/pieces/divided.js'
import type { ExperimentView } from './experiment-view.js'
import { shareOut } from './shared-work.js'

interface Dividing<Output, Asked extends Cut> {
  /** Whether other workers can have the policy. */
  mayBeCut: boolean
  /** Does all of it, or with `spread` says what is missing, if that is many pieces. */
  ask: (spread: boolean) => Promise<Output | Asked>
  /** `isFirst`: the worker of the experiment makes it, which waits; with it that becomes one of those that take any. */
  make: (part: Part, cut: Asked, isFirst: boolean) => Promise<AnsweredPieces>
  view: ExperimentView
}

/** What no other worker could do, that of the experiment does in the end. */
export async function divided<Output extends object, Asked extends Cut>(
  work: Dividing<Output, Asked>,
): Promise<Output> {
  for (let spread = work.mayBeCut; ; spread = false) {
    const answer = await work.ask(spread)
    if (!isCut(answer)) return answer
    await makeParts(answer, work)
  }
}

function isCut<Output extends object, Asked extends Cut>(answer: Output | Asked): answer is Asked {
  return 'parts' in answer
}

async function makeParts<Output, Asked extends Cut>(cut: Asked, { make, view }: Dividing<Output, Asked>) {
  const { parts, answered: before } = cut
  const { of } = before
  let { done } = before
  view.answered({ done, of })
  await shareOut(parts, async part => {
    done += await answered(make(part, cut, part === parts[0]))
    view.answered({ done, of })
  })
}

/** `piece 3` or `pieces 3-5`. */
export function partText({ from, to }: Part): string {
  return to - from === 1 ? `piece ${to}` : `pieces ${from + 1}-${to}`
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
