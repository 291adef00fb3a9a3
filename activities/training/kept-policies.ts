/** Which policies leave the memory of a process: all but a few, and all but the newest if they are large. */

/** Two experiments of a sweep take turns on one GPU slot; a few more cost a small policy nothing. */
const maxPolicies = 4

/** Beyond this only the newest stays: loading a large policy again costs less than the memory that it would hold. */
const maxBytes = 2 ** 30

/** Keys, the oldest first, of the entries beyond the maximal number or bytes; never the newest. `kept` is in order of use. */
export function tooOld<Value>(kept: ReadonlyMap<string, Value>, bytesOf: (value: Value) => number): string[] {
  const newestFirst = [...kept].reverse()
  let bytes = 0
  return newestFirst
    .filter(([, value], index) => {
      bytes += bytesOf(value)
      return index > 0 && (index >= maxPolicies || bytes > maxBytes)
    })
    .map(([key]) => key)
    .reverse()
}
