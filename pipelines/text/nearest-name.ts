/** The known name that was probably meant by a misspelt one: keys and values of a config, arms, runs. */
import { distance } from 'fastest-levenshtein'

/**
 * The known name nearest in spelling, letter case ignored. At most two letters may differ (as when two are swapped), or a third of a
 * long name, but never every letter.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map(other => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, far }) => far < name.length && far <= Math.max(2, Math.floor(other.length / 3)))
    .sort((a, b) => a.far - b.far)
  return near[0]?.other
}
