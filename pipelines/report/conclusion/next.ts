/** The last sentence of a conclusion: where to read on, and what would decide what is still open. */
import type { Comparison } from '../../comparison/comparison.js'
import { shownHalf } from '../../statistics/estimate.js'
import { seedsNeeded } from '../../statistics/power.js'
import type { Paired } from './subjects.js'

/** A command line as the reader can type it, for its words. */
export type CommandLine = (...words: string[]) => string

/** Beyond so many seeds nobody is advised to add them. */
const maxSeeds = 100

export function nextOf(
  { name, missing }: Comparison,
  { paired, command }: { paired: readonly Paired[]; command: CommandLine },
): string {
  return `Read the report below, or \`${command('compare', name)}\` for every table; ${advice({ name, missing }, paired, command)}.`
}

export function nextAlone({ name }: Comparison, command: CommandLine): string {
  return `Read the report below, or \`${command('compare', name)}\` for every table; to compare, give the config a \`sweep\` section with arms and seeds, as in configs/quickstart.yaml.`
}

function advice(
  { name, missing }: Pick<Comparison, 'name' | 'missing'>,
  paired: readonly Paired[],
  command: CommandLine,
): string {
  if (missing.some(({ state }) => state !== 'cancelled')) return `\`${command('resume', name)}\` makes what is missing`
  const undecided = paired.filter(({ arm }) => arm.endpointDifference.verdict === 'undecided')
  if (undecided.length === 0) return 'for your own arms, copy the config, change its arms and check it with `rlev plan`'
  if (undecided.every(({ arm }) => shownHalf(arm.endpointDifference) === null)) {
    return 'for an interval, put at least five seeds into `sweep.seeds` and run the config again: only the new ones run'
  }
  const needed = seedsToDecide(undecided, paired.length)
  if (needed === null) return `differences as small as these would take more than ${maxSeeds} seeds to decide`
  return `about ${needed} seeds would decide differences as large as these: put them into \`sweep.seeds\` and run the config again, only the new ones run`
}

/**
 * Seeds with which the largest of the undecided effects is found four times in five, at the level of Holm's first step over `arms`;
 * null beyond `maxSeeds`. An estimate from an estimate.
 */
function seedsToDecide(undecided: readonly Paired[], arms: number): number | null {
  const effects = undecided.map(({ arm }) => arm.endpointDifference.effect?.d ?? 0)
  const largest = Math.max(...effects)
  if (largest <= 0) return null
  const seeds = seedsNeeded({ difference: largest, deviation: 1, significance: 0.05 / arms })
  return seeds === null || seeds > maxSeeds ? null : seeds
}
