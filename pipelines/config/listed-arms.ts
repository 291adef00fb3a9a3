/**
 * Arms that a sweep lists by values: `grid` takes every combination of the values of its keys, `zip` the first of each list
 * together, then the second of each, and so on; with both, every combination with every tuple. They are named by what they set,
 * such as `alpha-5` or `name-grpo_alpha-5`, and stand beside the arms that the file names.
 */
import { nameForm } from './names.js'
import type { Problem } from './problems.js'
import { at, type Located, withEntries, withValue } from './yaml/located.js'

/** What one arm sets: a key, and the node of its value. */
type Setting = readonly [key: string, value: Located]

/** `section` with its listed arms among `arms`, and what is wrong with the lists beyond what the schema finds. */
export function withListedArms(section: Located): { section: Located; problems: Problem[] } {
  const [grid, zip] = [listsOf(section, 'grid'), listsOf(section, 'zip')]
  const problems = [...aboutTwice(grid, zip), ...aboutLengths(zip)]
  const arms = at(section, ['arms'])
  const own = arms?.content.kind === 'map' ? arms.content.entries : new Map<string, Located>()
  if (section.content.kind !== 'map' || grid.size + zip.size === 0 || problems.length > 0) return { section, problems }
  const names = new Map(own)
  const labels = labelsOf([...zip.keys(), ...grid.keys()])
  for (const settings of combined(tuples(zip), [...grid])) {
    const name = settings.map(([key, value]) => `${labels.get(key)}-${wordOf(value)}`).join('_')
    const [, { place, folder }] = settings.at(-1) as Setting
    problems.push(...aboutName(name, { place, names, own }))
    const empty: Located = { place, keyPlace: place, folder, content: { kind: 'map', entries: new Map() } }
    names.set(
      name,
      settings.reduce((arm, [key, value]) => withValue(arm, key.split('.'), value), empty),
    )
  }
  const all = withEntries(arms ?? (at(section, ['grid']) as Located) ?? section, names)
  return { section: withEntries(section, new Map([...section.content.entries, ['arms', all]])), problems }
}

/** Lists that the schema accepts; it tells what is wrong with the others. */
function listsOf(section: Located, of: 'grid' | 'zip'): Map<string, readonly Located[]> {
  const node = at(section, [of])
  const entries = node?.content.kind === 'map' ? [...node.content.entries] : []
  return new Map(
    entries.flatMap(([key, { content }]) =>
      content.kind === 'list' && content.items.every(item => item.content.kind === 'scalar')
        ? [[key, content.items] as const]
        : [],
    ),
  )
}

function tuples(zip: ReadonlyMap<string, readonly Located[]>): Setting[][] {
  const [first] = zip.values()
  if (first === undefined) return [[]]
  return first.map((_, index) => [...zip].map(([key, values]): Setting => [key, values[index] as Located]))
}

/** In the order of the file: the last key varies fastest. */
function combined(
  begun: readonly (readonly Setting[])[],
  lists: readonly (readonly [string, readonly Located[]])[],
): (readonly Setting[])[] {
  return lists.reduce<(readonly Setting[])[]>(
    (arms, [key, values]) => arms.flatMap(arm => values.map(value => [...arm, [key, value] as const])),
    [...begun],
  )
}

/** The last part of each key, or all of it where two keys end in the same. */
function labelsOf(keys: readonly string[]): Map<string, string> {
  const last = (key: string) => key.split('.').at(-1) ?? key
  const shared = (key: string) => keys.some(other => other !== key && last(other) === last(key))
  return new Map(keys.map(key => [key, shared(key) ? key : last(key)]))
}

function wordOf({ content }: Located): string {
  const value = content.kind === 'scalar' ? content.value : null
  return value === null ? 'none' : String(value).replaceAll('+', '')
}

function aboutTwice(
  grid: ReadonlyMap<string, readonly Located[]>,
  zip: ReadonlyMap<string, readonly Located[]>,
): Problem[] {
  return [...grid].flatMap(([key, values]) =>
    zip.has(key) && values[0] !== undefined
      ? [
          {
            place: values[0].place,
            message: `${key} is listed in sweep.grid and in sweep.zip`,
            remedy: 'list it in one',
          },
        ]
      : [],
  )
}

function aboutLengths(zip: ReadonlyMap<string, readonly Located[]>): Problem[] {
  const [first] = zip
  if (first === undefined) return []
  const [key, { length }] = first
  return [...zip].flatMap(([other, values]) =>
    values.length === length || values[0] === undefined
      ? []
      : [
          {
            place: values[0].place,
            message: `sweep.zip has lists of different lengths`,
            expected: `${length} values of ${other}, as many as of ${key}`,
            found: String(values.length),
            remedy: 'make them as long, or list the keys under sweep.grid',
          },
        ],
  )
}

function aboutName(
  name: string,
  { place, names, own }: { place: string; names: ReadonlyMap<string, Located>; own: ReadonlyMap<string, Located> },
): Problem[] {
  if (!nameForm.test(name)) {
    const remedy = 'write these arms under sweep.arms, with names'
    return [{ place, message: `${name} cannot be the name of an arm`, expected: 'at most 64 plain characters', remedy }]
  }
  if (!names.has(name)) return []
  return own.has(name)
    ? [{ place, message: `sweep.arms has an arm ${name} already`, remedy: 'give that one another name' }]
    : [{ place, message: `the lists make the arm ${name} twice`, remedy: 'take each value once' }]
}
