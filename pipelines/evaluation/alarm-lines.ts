/** Alarms in words, the same on every surface: an arm has one line for the seeds that have alarms of the same kinds. */
import type { Alarm } from './alarms.js'

/** The alarms of an experiment; `arm` is its name if it is of no sweep. */
export interface Alarmed {
  arm: string
  seed: number
  alarms: readonly Alarm[]
}

/** `human-aligned, seeds 1, 2: sentences remedies`, in the order of the experiments. A sentence is that of the highest figure. */
export function alarmLines(experiments: readonly Alarmed[], { sweep }: { sweep: boolean }): string[] {
  const groups = new Map<string, Alarmed[]>()
  for (const one of experiments) {
    if (one.alarms.length === 0) continue
    const key = JSON.stringify([one.arm, one.alarms.map(({ kind }) => kind)])
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].map(alike => {
    const worst = worstOf(alike)
    const words = [...worst.map(({ sentence }) => sentence), ...new Set(worst.map(({ remedy }) => remedy))]
    return `${whichOf(alike, sweep)}: ${words.join(' ')}`
  })
}

/** Of experiments with alarms of the same kinds, in their order. */
function worstOf(alike: readonly Alarmed[]): Alarm[] {
  const kinds = alike[0]?.alarms.map(({ kind }) => kind) ?? []
  return kinds.flatMap(kind => {
    const found = alike.flatMap(({ alarms }) => alarms.filter(alarm => alarm.kind === kind))
    return found.toSorted((a, b) => b.figure - a.figure).slice(0, 1)
  })
}

function whichOf(alike: readonly Alarmed[], sweep: boolean): string {
  const arm = alike[0]?.arm ?? ''
  const seeds = alike.map(({ seed }) => seed).toSorted((a, b) => a - b)
  return sweep ? `${arm}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}` : arm
}
