/**
 * The borders of stages with an object store: what a stage reads is pulled before it, what it made is pushed before Temporal is told that it
 * succeeded. Without a store a stage is left as it is.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import { toFailure } from './failures.js'
import { currentAttempt, withHeartbeat } from './stage.js'
import { FenceLost } from './store/fence.js'
import type { Mirror } from './store/mirror/mirror.js'
import type { ArtifactRef } from './store/store.js'
import type { Workplace } from './workplace.js'

export interface Border<Input> {
  /** Experiments and plans whose files it reads. The first one is what it writes. */
  reads: (input: Input, workplace: Workplace) => readonly string[]
  /** Shared outputs that it reads. Asked twice: one may name others. */
  outputs?: (input: Input, workplace: Workplace) => readonly ArtifactRef[]
  /** It takes the fence, and writes the journal, evaluations or checkpoints. */
  fenced?: boolean
  /** Newest step whose checkpoint it may need; null if the policy is in this process. */
  checkpoint?: (input: Input) => number | null
  /** Also the checkpoint that an experiment ended with. */
  end?: boolean
  /** Only reads. */
  readOnly?: boolean
  /** What this process holds of the run is not to be used any more. */
  onLost?: (input: Input) => Promise<void>
}

/** For what a stage made that failed or is cancelled. (ms) */
const lastPushMs = 2_000

export function mirrored<Input, Output>(
  workplace: Workplace,
  activity: (input: Input) => Promise<Output>,
  border: Border<Input>,
): (input: Input) => Promise<Output> {
  const { mirror } = workplace
  if (mirror === null) return activity
  return async input => {
    await atBorder(input, border, () => pull({ workplace, mirror, input, border }))
    let output: Output
    try {
      output = await activity(input)
    } catch (error) {
      const told = push({ workplace, mirror, input, border }).catch(async (reason: unknown) => {
        if (reason instanceof FenceLost) await border.onLost?.(input)
      })
      await Promise.race([told, sleep(lastPushMs)])
      throw error
    }
    await atBorder(input, border, () => push({ workplace, mirror, input, border }))
    return output
  }
}

interface Crossing<Input> {
  workplace: Workplace
  mirror: Mirror
  input: Input
  border: Border<Input>
}

async function pull<Input>({ workplace, mirror, input, border }: Crossing<Input>): Promise<void> {
  const { reads, outputs, fenced = false, checkpoint, end = false } = border
  const [own] = reads(input, workplace)
  if (own === undefined) return
  if (fenced) await mirror.take(own, currentAttempt())
  await mirror.pull(own, { toReplay: fenced, checkpoint: checkpoint?.(input) ?? null })
  // What it reads besides may be named in what has just come.
  for (const id of reads(input, workplace)) if (id !== own) await mirror.pull(id)
  if (end) await mirror.pullEnd(own)
  for (let round = 0; round < 2; round++) await mirror.pullOutputs(outputs?.(input, workplace) ?? [])
}

async function push<Input>({ workplace, mirror, input, border }: Crossing<Input>): Promise<void> {
  const { reads, fenced = false, readOnly = false } = border
  const [own] = reads(input, workplace)
  if (own !== undefined && !readOnly) await mirror.push(own, { fenced })
}

/** Heartbeats meanwhile. Throws ApplicationFailure or CancelledFailure only. */
async function atBorder<Input>(input: Input, { onLost }: Border<Input>, work: () => Promise<void>): Promise<void> {
  const context = Context.current()
  try {
    await withHeartbeat(() => Promise.race([work(), context.cancelled]))
  } catch (error) {
    if (error instanceof FenceLost) await onLost?.(input)
    throw toFailure(error, context.info.attempt)
  }
}
