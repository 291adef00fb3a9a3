/**
 * How long the work will still take: an estimate from its pace so far, absent before there is a basis. The whole of a run is
 * counted in the planned time of its parts, because a warm start takes as long as many steps and arms differ in size.
 */
import type { Work } from '../plan/cost.js'
import type { ExperimentView } from '../runs/run-view.js'
import { isOver } from '../runs/run-view.js'

export interface Moment {
  /** Milliseconds. */
  time: number
  /** Work made by then, in any unit. */
  made: number
}

/** Seconds for `left` more, in the unit of the moments, at the pace between two of them. */
export function secondsLeft({ since, now, left }: { since: Moment; now: Moment; left: number }): number | undefined {
  if (left === 0) return 0
  if (now.made <= since.made || now.time <= since.time) return undefined
  return ((now.time - since.time) / 1000 / (now.made - since.made)) * left
}

/** Something that is made once: an experiment's training, or what it shares with others of its seed. */
export interface Part {
  id: string
  /** Planned seconds, or steps where nothing is known. */
  size: number
  /** In [0, 1]. */
  made: number
  /** Somebody will still make what is missing. */
  isOpen: boolean
  hasBegun: boolean
}

/** `work`: of each experiment by its id; absent where it is not known for all of them, and steps are counted. */
export function partsOf(experiments: readonly ExperimentView[], work?: ReadonlyMap<string, Work>): Part[] {
  const parts = new Map<string, Part>()
  for (const experiment of experiments) {
    const { id, seed, state, step, steps } = experiment
    const planned = work?.get(id)
    const isOpen = !isOver(state)
    const hasBegun = state === 'running' || step > 0
    parts.set(id, { id, size: planned?.training ?? steps, made: steps === 0 ? 0 : step / steps, isOpen, hasBegun })
    for (const { key, seconds } of planned?.shared ?? []) {
      const shared = `${key} ${seed}`
      const others = parts.get(shared)
      parts.set(shared, {
        id: shared,
        size: seconds,
        made: Math.max(others?.made ?? 0, startMade(experiment)),
        isOpen: isOpen || others?.isOpen === true,
        hasBegun: hasBegun || others?.hasBegun === true,
      })
    }
  }
  return [...parts.values()]
}

/** What comes before training, as far as an experiment tells. */
function startMade({ stage, step, warmStart }: ExperimentView): number {
  switch (stage) {
    case 'prepare':
    case 'warm start':
      return step > 0 ? 1 : warmStart === undefined ? 0 : warmStart.done / warmStart.of
    case 'train':
    case 'evaluate':
    case 'report':
    case 'done':
      return 1
    default:
      return stage satisfies never
  }
}
