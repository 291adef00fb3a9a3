/** YAML values that remember where they stand, so that an error about a merged config points to the file and line a key came from. */

export interface Located {
  /** `file:line:column` of the value. */
  place: string
  /** The same of its key; of the value itself where it has none. */
  keyPlace: string
  /** Folder of the file, absolute: relative paths in it start there. */
  folder: string
  content: Content
}

export type Content =
  | { kind: 'map'; entries: ReadonlyMap<string, Located> }
  | { kind: 'list'; items: readonly Located[] }
  | { kind: 'scalar'; value: unknown }

export type KeyPath = readonly (string | number)[]

/** The node at a path, or undefined. */
export function at(node: Located | undefined, path: KeyPath): Located | undefined {
  let found = node
  for (const step of path) {
    if (found?.content.kind === 'map') found = found.content.entries.get(String(step))
    else if (found?.content.kind === 'list') found = found.content.items[Number(step)]
    else return undefined
  }
  return found
}

/** The node at a path, or the nearest one above it that is written in a file. */
export function nearest(node: Located, path: KeyPath): Located {
  for (let length = path.length; length > 0; length--) {
    const found = at(node, path.slice(0, length))
    if (found !== undefined) return found
  }
  return node
}

/** The plain value. */
export function plain({ content }: Located): unknown {
  switch (content.kind) {
    case 'map':
      return Object.fromEntries([...content.entries].map(([key, value]) => [key, plain(value)]))
    case 'list':
      return content.items.map(plain)
    case 'scalar':
      return content.value
    default:
      return content satisfies never
  }
}

export function withEntries(node: Located, entries: ReadonlyMap<string, Located>): Located {
  return { ...node, content: { kind: 'map', entries } }
}

/** The node with `value` at a path of keys; maps on the way are made where they are missing. */
export function withValue(node: Located, path: readonly string[], value: Located): Located {
  const [key, ...rest] = path
  if (key === undefined) return value
  const entries = new Map(node.content.kind === 'map' ? node.content.entries : [])
  const below = entries.get(key) ?? { ...value, content: { kind: 'map', entries: new Map() } }
  entries.set(key, withValue(below, rest, value))
  return withEntries(node, entries)
}
