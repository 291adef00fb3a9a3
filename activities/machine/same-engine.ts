/** Whether what computes a policy is what a run began on (engine.ts). Apart, because commands read it without TensorFlow. */

/** Whether a run goes on with the same bits. Runs of an earlier version name the library only. */
export function isSameEngine(before: string, now: string): boolean {
  return before === now || now.startsWith(`${before}; `)
}
