/** Which workers made the activities of an experiment, from its history. For tests. */
import type { Handle } from './at-work.js'

/** Of each activity of this name that was made: its worker, and how long its queue was to be waited for (s). */
export async function madeOf(handle: Handle, name: string): Promise<{ worker: string; waitS: number }[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const scheduled = events?.[Number(completed?.scheduledEventId ?? 0) - 1]?.activityTaskScheduledEventAttributes
    if (scheduled?.activityType?.name !== name) return []
    return { worker: completed?.identity ?? '', waitS: Number(scheduled.scheduleToStartTimeout?.seconds ?? 0) }
  })
}

/** How many of them each worker made, the fewest first. */
export async function sharesOf(handle: Handle, name: string): Promise<number[]> {
  const counts = new Map<string, number>()
  for (const { worker } of await madeOf(handle, name)) counts.set(worker, (counts.get(worker) ?? 0) + 1)
  return [...counts.values()].sort((a, b) => a - b)
}
