/** A sweep: arms that differ from a base in the keys they name, every arm with every seed. */
import { nearestName } from '../text/nearest-name.js'
import { baselineOf } from './baselines.js'
import { configDifference } from './difference.js'
import { digest } from './digest.js'
import { type ResolvedExperiment, resolveExperiment, type Warning } from './experiment.js'
import type { NamingPart } from './hub-names.js'
import { problemsOf } from './issues.js'
import { withListedArms } from './listed-arms.js'
import { takenNames } from './names.js'
import type { Problem } from './problems.js'
import { programDigests } from './program.js'
import { type ExperimentConfig, type SweepPlan, type SweepSettings, sweepSchema } from './schema.js'
import { at, type Located, nearest, plain, withEntries } from './yaml/located.js'
import { merge } from './yaml/merge.js'

export interface ResolvedSweep {
  plan: SweepPlan | null
  problems: Problem[]
}

interface Arm extends ResolvedExperiment {
  name: string
  /** The keys that the arm itself names. */
  own: Located
}

/** Keys that an arm cannot differ in, with the reason. */
const notOfAnArm: Readonly<Record<string, string>> = {
  name: 'the name of an arm is its key under sweep.arms',
  seed: 'the seeds are those of sweep.seeds, the same for every arm',
  sweep: 'an arm cannot be a sweep',
  extends: 'only a file extends another; an arm is always based on the file it is in',
}

/** Arms times seeds. `status` and the report were measured for so many (docs/sweeps.md). */
const mostExperiments = 5000

/**
 * `base` is the merged content of a file without its key `sweep`, whose content is `section`. `named`: paths of what was fetched, by
 * `hubKey`, and parts of which no file is read.
 */
export function resolveSweep(
  base: Located,
  section: Located,
  named: { localPaths: ReadonlyMap<string, string>; unread: readonly NamingPart[] },
): ResolvedSweep {
  const listed = withListedArms(withFilledArms(section))
  const node = listed.section
  const parsed = sweepSchema.safeParse(plain(node))
  const problems = parsed.success ? [] : problemsOf({ issues: parsed.error.issues, node, prefix: ['sweep'] })
  problems.push(...listed.problems)
  const placebos = parsed.success ? parsed.data.placebo : []
  const programDigest = programDigests()
  const arms = armsOf(node).map(([name, own]): Arm => {
    const refused = Object.entries(notOfAnArm).flatMap(([key, reason]) => {
      const found = at(own, [key])
      return found === undefined
        ? []
        : [{ place: found.keyPlace, message: `an arm cannot set ${key}: ${reason}`, remedy: `remove ${key}` }]
    })
    if (refused.length > 0) return { name, own, config: null, problems: refused, warnings: [] }
    const placebo = placebos.includes(name)
    return { name, own, ...resolveExperiment(merge(base, own), { placebo, programDigest, ...named }) }
  })
  problems.push(...arms.flatMap(arm => arm.problems))
  if (parsed.success) problems.push(...aboutNames(parsed.data, arms, node), ...aboutSettings(parsed.data, arms, node))
  problems.push(...sameArms(arms))
  const configured = arms.flatMap(({ name, config }) => (config === null ? [] : [{ name, config }]))
  const first = configured[0]
  if (!parsed.success || problems.length > 0 || first === undefined) return { plan: null, problems }
  const { arms: _arms, grid: _grid, zip: _zip, ...settings } = parsed.data
  const warnings = [...warningsOf(arms), ...aboutBase(base, node, settings, configured)]
  return { plan: { kind: 'sweep', name: first.config.name, settings, arms: configured, warnings }, problems }
}

/** An arm written without keys is the base as it is. */
function withFilledArms(section: Located): Located {
  const arms = at(section, ['arms'])
  if (section.content.kind !== 'map' || arms?.content.kind !== 'map') return section
  const filled = [...arms.content.entries].map(([name, arm]): [string, Located] => {
    const empty = arm.content.kind === 'scalar' && arm.content.value === null
    return [name, empty ? withEntries(arm, new Map()) : arm]
  })
  return withEntries(section, new Map([...section.content.entries, ['arms', withEntries(arms, new Map(filled))]]))
}

function armsOf(section: Located): [string, Located][] {
  const arms = at(section, ['arms'])
  return arms?.content.kind === 'map' ? [...arms.content.entries].filter(([, arm]) => arm.content.kind === 'map') : []
}

/** Baseline and placebos are arms, and not the same ones. */
function aboutNames(settings: SweepSettings, arms: readonly Arm[], node: Located): Problem[] {
  const { baseline, placebo, published, versus = {} } = settings
  const names = arms.map(({ name }) => name)
  if (names.length === 0) {
    return [
      {
        place: nearest(node, ['arms']).place,
        message: 'the sweep has no arms',
        expected: 'at least one arm under sweep.arms, or lists under sweep.grid or sweep.zip',
      },
    ]
  }
  const unknown = (key: string, path: (string | number)[], name: string): Problem[] => {
    if (names.includes(name)) return []
    const meant = nearestName(name, names)
    return [
      {
        place: nearest(node, path).place,
        message: `${key} names no arm`,
        expected: `one of ${names.join(', ')}`,
        found: name,
        remedy: meant === undefined ? `take one of them, or leave ${name} out` : `did you mean ${meant}?`,
      },
    ]
  }
  const taken = names
    .filter(name => takenNames.includes(name))
    .map(
      (name): Problem => ({
        place: nearest(node, ['arms', name]).keyPlace,
        message: `an arm cannot be called ${name}: the folder of the sweep has that itself`,
        remedy: 'give the arm another name',
      }),
    )
  return [
    ...taken,
    ...unknown('sweep.baseline', ['baseline'], baseline),
    ...Object.entries(versus).flatMap(([arm, other]) => [
      ...unknown('sweep.versus', ['versus', arm], arm),
      ...unknown('sweep.versus', ['versus', arm], other),
      ...(baselineOf(settings, arm) !== null
        ? []
        : [
            {
              place: nearest(node, ['versus', arm]).keyPlace,
              message: `others are compared with ${arm}, so it cannot be compared itself`,
              remedy: `take ${arm} out of sweep.versus, or compare those others with another arm`,
            },
          ]),
    ]),
    ...Object.keys(published?.arms ?? {}).flatMap(arm => unknown('sweep.published', ['published', 'arms', arm], arm)),
    ...placebo.flatMap((name, index) => unknown('sweep.placebo', ['placebo', index], name)),
    ...placebo.flatMap((name, index) =>
      baselineOf(settings, name) === null
        ? [
            {
              place: nearest(node, ['placebo', index]).place,
              message: `the baseline ${name} cannot be its own placebo`,
            },
          ]
        : [],
    ),
  ]
}

function aboutSettings({ seeds, endpoint }: SweepSettings, arms: readonly Arm[], node: Located): Problem[] {
  if (seeds.length * arms.length > mostExperiments) {
    return [
      {
        place: nearest(node, ['seeds']).place,
        message: 'the sweep is too large',
        expected: `at most ${mostExperiments} experiments`,
        found: `${arms.length} arms x ${seeds.length} seeds`,
        remedy: `${fitting(seeds.length, arms.length)}; or make several sweeps of it`,
      },
    ]
  }
  const repeated = seeds.flatMap((seed, index): Problem[] =>
    seeds.indexOf(seed) === index
      ? []
      : [
          {
            place: nearest(node, ['seeds', index]).place,
            message: `the seed ${seed} is given twice`,
            remedy: 'take each seed once',
          },
        ],
  )
  const greedyOnly = arms.filter(({ config }) => config?.evaluation.samples === 0).map(({ name }) => name)
  if (!endpoint.startsWith('expected') || greedyOnly.length === 0) return repeated
  return [
    ...repeated,
    {
      place: nearest(node, ['endpoint']).place,
      message: `the endpoint ${endpoint} needs sampled responses`,
      expected: 'evaluation.samples of at least 1',
      found: `evaluation.samples 0 in ${greedyOnly.join(', ')}`,
      remedy: 'set evaluation.samples, or take the endpoint h-acc-curve',
    },
  ]
}

/** How many fit. */
function fitting(seeds: number, arms: number): string {
  const fewerSeeds = Math.floor(mostExperiments / arms)
  const fewerArms = `${Math.floor(mostExperiments / seeds)} arms fit with these seeds`
  return fewerSeeds === 0 ? fewerArms : `${fewerSeeds} seeds fit with these arms, ${fewerArms}`
}

/** Two arms with the same config are one arm. That holds for a placebo too: it must differ in something. */
function sameArms(arms: readonly Arm[]): Problem[] {
  const seen = new Map<string, string>()
  return arms.flatMap(({ name, own, config }): Problem[] => {
    if (config === null) return []
    const key = digest(config)
    const other = seen.get(key)
    seen.set(key, other ?? name)
    if (other === undefined) return []
    return [
      {
        place: own.keyPlace,
        message: `the arms ${other} and ${name} have the same config`,
        expected: 'arms that differ in a key',
        remedy: `change one of them or remove it`,
      },
    ]
  })
}

/** A key of the base may be without effect in some arms, but a key that an arm names must act in that arm. */
function warningsOf(arms: readonly Arm[]): string[] {
  const kept = arms.flatMap(({ name, own, warnings }) =>
    warnings
      .filter(({ key }) => at(own, key.split('.')) !== undefined || arms.every(arm => sameWarning(arm.warnings, key)))
      .map(({ key, sentence }) => (at(own, key.split('.')) === undefined ? sentence : `${sentence} (arm ${name})`)),
  )
  return [...new Set(kept)]
}

function sameWarning(warnings: readonly Warning[], key: string): boolean {
  return warnings.some(warning => warning.key === key)
}

function aboutBase(
  base: Located,
  node: Located,
  settings: SweepPlan['settings'],
  arms: readonly { name: string; config: ExperimentConfig }[],
): string[] {
  const warnings: string[] = []
  const { seeds } = settings
  const seed = at(base, ['seed'])
  if (seed !== undefined) warnings.push(`${seed.place}: seed has no effect: a sweep takes its seeds from sweep.seeds`)
  if (seeds.length === 1) {
    warnings.push(
      `${nearest(node, ['seeds']).place}: one seed gives no interval: differences between arms cannot be told from chance`,
    )
  }
  for (const { name, config } of arms) {
    const reference = arms.find(other => other.name === baselineOf(settings, name))
    const differing = configDifference(reference?.config ?? config, config).filter(({ path }) =>
      /^(data|evaluation)\./.test(path),
    )
    if (differing.length === 0) continue
    warnings.push(
      `${nearest(node, ['arms', name]).keyPlace}: ${name} and ${reference?.name} are tested differently (${differing.map(({ path }) => path).join(', ')}), so their difference is not one of training alone`,
    )
  }
  return warnings
}
