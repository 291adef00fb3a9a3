/** Arms of a sweep that differ in the level of one thing only: alpha, or the noise of the values that the reward sees. */
import { digest } from '../config/digest.js'
import type { ExperimentConfig, SweepPlan } from '../config/schema.js'

export interface Level {
  arm: string
  level: number
}

export interface Ladder {
  /** The thing that differs, as the label of an axis. */
  label: string
  /** Name for its files. */
  name: string
  /** From the lowest to the highest; at least two. */
  levels: readonly Level[]
}

type Arm = SweepPlan['arms'][number]

/** Arms with the human-aligned scale whose configs are the same but for alpha. */
export function alphaLadders({ arms }: Pick<SweepPlan, 'arms'>): Ladder[] {
  const aligned = arms.filter(({ config }) => config.reward.scale === 'human-aligned')
  const groups = alike(aligned, ({ reward, ...config }) => ({ ...config, reward: { ...reward, alpha: null } }))
  return groups.flatMap((group, index) =>
    ladder({
      label: 'alpha, the slope of the scale',
      name: `alpha${index === 0 ? '' : `-${index + 1}`}`,
      levels: group.map(({ name, config }) => ({ arm: name, level: config.reward.alpha })),
    }),
  )
}

/** Kinds of noise, and the level of an arm without noise; null if that has no number. */
const noises = [
  { name: 'noise-permuted', label: 'share of items whose values are permuted', none: 0 },
  { name: 'noise-gaussian', label: 'deviation of Gaussian noise (deviations of the values)', none: 0 },
  { name: 'noise-lognormal', label: 'deviation of the logarithm of multiplicative noise', none: 0 },
  { name: 'noise-rounded', label: 'grades that values are rounded to', none: null },
] as const

/** Arms whose configs are the same but for the noise of the values, a ladder for each kind; most of which include the arm without noise. */
export function noiseLadders({ arms }: Pick<SweepPlan, 'arms'>): Ladder[] {
  const aligned = arms.filter(({ config }) => config.reward.scale !== 'correctness')
  const groups = alike(aligned, ({ value, ...config }) => ({
    ...config,
    value: { ...value, ablation: null, noise: null },
  }))
  return groups.flatMap((group, index) =>
    noises.flatMap(({ name, label, none }) => {
      const noisy = group.flatMap(({ name: arm, config }) => {
        const level = levelOf(config, name)
        return level === null ? [] : [{ arm, level }]
      })
      if (noisy.length === 0) return []
      const clean = group.find(({ config }) => config.value.ablation === 'none')
      const levels = [...(clean === undefined || none === null ? [] : [{ arm: clean.name, level: none }]), ...noisy]
      return ladder({ label, name: `${name}${index === 0 ? '' : `-${index + 1}`}`, levels })
    }),
  )
}

function levelOf(
  { value: { ablation, noise } }: ExperimentConfig,
  name: (typeof noises)[number]['name'],
): number | null {
  if (name === 'noise-permuted' && ablation === 'shuffled') return 1
  return name === `noise-${ablation}` ? (noise ?? 0) : null
}

/** Groups of two or more, in the order of their first arm. */
function alike(arms: readonly Arm[], less: (config: ExperimentConfig) => unknown): Arm[][] {
  const groups = new Map<string, Arm[]>()
  for (const arm of arms) {
    const key = digest(less(arm.config))
    groups.set(key, [...(groups.get(key) ?? []), arm])
  }
  return [...groups.values()].filter(group => group.length > 1)
}

function ladder(found: Ladder): Ladder[] {
  const levels = found.levels.toSorted((a, b) => a.level - b.level)
  return new Set(levels.map(({ level }) => level)).size > 1 ? [{ ...found, levels }] : []
}
