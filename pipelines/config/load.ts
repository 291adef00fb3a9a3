/** A config file as a plan: `extends` followed, overrides applied, defaults filled in, checked, frozen. Everything wrong with it is told at once. */

import { deepFreeze } from './deep-freeze.js'
import { resolveExperiment } from './experiment.js'
import { type HubName, hubNamesIn, type NamingPart, withLocalPaths } from './hub-names.js'
import { configError } from './problems.js'
import { programDigests } from './program.js'
import type { Plan } from './schema.js'
import { resolveSweep } from './sweep.js'
import { readExtended } from './yaml/extends.js'
import { at, type Located, withEntries, withValue } from './yaml/located.js'
import { merge } from './yaml/merge.js'

export interface LoadPlanOptions {
  path: string
  /** In place of the seed, or of the seeds of a sweep. */
  seed?: number | undefined
  /** Values by dotted path, over those of the file; of a sweep's base unless the path starts with `sweep.`. */
  overrides?: Readonly<Record<string, unknown>> | undefined
  /** Whole sections, in place of those of the file and not merged with them; overrides stand over these too. */
  sections?: Readonly<Record<string, unknown>> | undefined
  /** Values by dotted path for keys that neither the file nor an override states, in place of those of the schema. */
  defaults?: Readonly<Record<string, unknown>> | undefined
  /** Paths of what was fetched, by `hubKey`. */
  localPaths?: ReadonlyMap<string, string> | undefined
  /** Parts of which the caller reads no file: what they name is not fetched, and need not be there. */
  unread?: readonly NamingPart[] | undefined
}

/** The plan. Throws ConfigInvalid, each problem with `file:line:column`, what was expected and what to do. */
export function loadPlan({ seed, localPaths = new Map(), unread = [], ...options }: LoadPlanOptions): Plan {
  const file = withLocalPaths(readFile(options), localPaths)
  const section = sectionOf(file)
  const keys = withSeed(file, { seed, sweep: section !== undefined })
  const { base, sweep } = parts(keys)
  if (section === undefined || sweep === undefined) {
    const { config, problems, warnings } = resolveExperiment(base, {
      placebo: false,
      programDigest: programDigests(),
      localPaths,
      unread,
    })
    if (config === null || problems.length > 0) throw configError(problems)
    return deepFreeze({
      kind: 'experiment',
      name: config.name,
      config,
      warnings: warnings.map(({ sentence }) => sentence),
    })
  }
  const { plan, problems } = resolveSweep(base, sweep, { localPaths, unread })
  if (plan === null) throw configError(problems)
  return deepFreeze(plan)
}

/** What is to be fetched for a config file and the values over it. */
export function hubNamesOf({ unread = [], ...options }: Omit<LoadPlanOptions, 'seed' | 'localPaths'>): HubName[] {
  return hubNamesIn(readFile(options), { unread })
}

function readFile({ path, overrides = {}, sections = {}, defaults = {} }: LoadPlanOptions): Located {
  const replaced = Object.entries(sections).reduce(
    (held: Located, [key, value]) => withValue(held, [key], overrideNode(value, key)),
    Object.entries(defaults).reduce(withDefault, readExtended(path)),
  )
  return Object.entries(overrides).reduce(withOverride, replaced)
}

/** `sweep: null` makes one experiment of a sweep that is extended. */
function sectionOf(file: Located): Located | undefined {
  const section = at(file, ['sweep'])
  return section?.content.kind === 'scalar' && section.content.value === null ? undefined : section
}

function parts(file: Located): { base: Located; sweep: Located | undefined } {
  const entries = new Map(file.content.kind === 'map' ? file.content.entries : [])
  const sweep = entries.get('sweep')
  entries.delete('sweep')
  return { base: withEntries(file, entries), sweep }
}

function withSeed(file: Located, { seed, sweep }: { seed: number | undefined; sweep: boolean }): Located {
  if (seed === undefined) return file
  return withOverride(file, sweep ? ['sweep.seeds', [seed]] : ['seed', seed])
}

function withOverride(file: Located, entry: readonly [string, unknown]): Located {
  return merge(file, nested(entry), { mapsOf: 'below' })
}

function withDefault(file: Located, entry: readonly [string, unknown]): Located {
  return merge(nested(entry), file)
}

/** `[a.b, 1]` as the map `{ a: { b: 1 } }`. */
function nested([key, value]: readonly [string, unknown]): Located {
  return withValue(overrideNode({}, key), key.split('.'), overrideNode(value, key))
}

/** A plain value as a located one, whose place is the override itself and whose paths start in the working directory. */
function overrideNode(value: unknown, key: string): Located {
  const place = `override ${key}`
  const node = (content: Located['content']): Located => ({ place, keyPlace: place, folder: '', content })
  if (Array.isArray(value)) return node({ kind: 'list', items: value.map((item: unknown) => overrideNode(item, key)) })
  if (typeof value !== 'object' || value === null) return node({ kind: 'scalar', value })
  return node({
    kind: 'map',
    entries: new Map(Object.entries(value).map(([name, inner]: [string, unknown]) => [name, overrideNode(inner, key)])),
  })
}
