/** How a file is merged with the file it extends, and an arm with the base: maps key by key, everything else is replaced. */
import { at, type Located, withEntries } from './located.js'

/** Maps that come in kinds told by a key: another kind replaces the whole map, because the keys of one kind are unknown to the other. */
export const kinds: Readonly<
  Record<string, { key: string; kinds: Readonly<Record<string, string>>; otherwise: string }>
> = {
  data: { key: 'source', kinds: { train: 'file' }, otherwise: 'synthetic' },
  policy: { key: 'from', kinds: { path: 'checkpoint', name: 'known' }, otherwise: 'scratch' },
  engine: { key: 'kind', kinds: { url: 'tinker', baseModel: 'tinker' }, otherwise: 'local' },
}

/** Maps that are replaced whole: a file that names arms names all of them. */
const whole: readonly string[] = ['sweep.arms', 'sweep.grid', 'sweep.zip', 'sweep.published']

/**
 * `above` over `below`. Values keep the places of the files they came from; a map that is in both takes its place, to which a
 * missing key is pointed, from `mapsOf`.
 */
export function merge(
  below: Located,
  above: Located,
  { mapsOf = 'above', path = [] }: { mapsOf?: 'above' | 'below'; path?: readonly string[] } = {},
): Located {
  if (below.content.kind !== 'map' || above.content.kind !== 'map') return above
  const name = path.join('.')
  if (whole.includes(name)) return above
  if (
    Object.hasOwn(kinds, name) &&
    statedKind(above, name) !== undefined &&
    kindOf(above, name) !== kindOf(below, name)
  )
    return above
  const entries = new Map(below.content.entries)
  for (const [key, value] of above.content.entries) {
    const under = entries.get(key)
    entries.set(key, under === undefined ? value : merge(under, value, { mapsOf, path: [...path, key] }))
  }
  return withEntries(mapsOf === 'above' ? above : below, entries)
}

/** The kind that a map states or that its keys tell. */
function statedKind(node: Located, name: string): unknown {
  const rule = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (rule === undefined) return undefined
  const stated = at(node, [rule.key])
  if (stated !== undefined) return stated.content.kind === 'scalar' ? stated.content.value : stated.content.kind
  const telling = Object.keys(rule.kinds).find(key => at(node, [key]) !== undefined)
  return telling === undefined ? undefined : rule.kinds[telling]
}

function kindOf(node: Located, name: string): unknown {
  return statedKind(node, name) ?? kinds[name]?.otherwise
}

/** The config with the kind of each such map written out, as the schema wants it. */
export function withKinds(config: Located): Located {
  if (config.content.kind !== 'map') return config
  const entries = new Map(config.content.entries)
  for (const [name, { key }] of Object.entries(kinds)) {
    const node = entries.get(name)
    if (node?.content.kind !== 'map' || node.content.entries.has(key)) continue
    const kind: Located = { ...node, content: { kind: 'scalar', value: kindOf(node, name) } }
    entries.set(name, withEntries(node, new Map([[key, kind], ...node.content.entries])))
  }
  return withEntries(config, entries)
}
