/** Alarms in words, the same on every surface: those of one kind in the seeds of an arm are one line. */
import { type Alarm, alarmKinds } from './alarms.js'

/** The alarms of an experiment; `arm` is its name if it is of no sweep. */
export interface Alarmed {
  arm: string
  seed: number
  alarms: readonly Alarm[]
}

/** `human-aligned, seeds 1, 2: sentence remedy`, in the order of arms and kinds. The sentence is that of the highest figure. */
export function alarmLines(experiments: readonly Alarmed[], { sweep }: { sweep: boolean }): string[] {
  const arms = [...new Set(experiments.map(({ arm }) => arm))]
  return arms.flatMap(arm =>
    alarmKinds.flatMap(kind => {
      const found = experiments
        .filter(one => one.arm === arm)
        .flatMap(({ seed, alarms }) => alarms.filter(one => one.kind === kind).map(alarm => ({ seed, alarm })))
        .toSorted((a, b) => b.alarm.figure - a.alarm.figure)
      const [worst] = found
      if (worst === undefined) return []
      const seeds = found.map(({ seed }) => seed).toSorted((a, b) => a - b)
      const which = sweep ? `${arm}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}` : arm
      return [`${which}: ${worst.alarm.sentence} ${worst.alarm.remedy}`]
    }),
  )
}
