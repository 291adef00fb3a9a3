/**
 * Names of data sets and models in a config that are fetched before the config is checked: `hf:owner/name@revision/path` of the
 * Hugging Face hub, and `known:name` (known-models.ts). They stand where a path may stand, and are replaced by the paths of what was
 * fetched. The name of a policy from a known model is fetched too.
 */
import { isKnownText, knownModel, knownText } from './known-models.js'
import { at, type Located } from './yaml/located.js'

export interface HubName {
  /** As written. */
  text: string
  /** Of the value, for errors. */
  place: string
  use: HubUse
}

/** What is fetched: the files of a model, or the file of a data set that is for training, for tests, or the only one. */
export type HubUse = 'model' | 'train' | 'test' | 'only'

/** The parts of a config that name files and models outside of it. */
export const namingParts = ['policy', 'data'] as const
export type NamingPart = (typeof namingParts)[number]

const partOf = ({ use }: Pick<HubName, 'use'>): NamingPart => (use === 'model' ? 'policy' : 'data')

/** Whether a text is a name where the path of a data file or of a model may stand. */
export const isHubName = (text: string, use: HubUse): boolean =>
  text.startsWith('hf:') || (use === 'model' && isKnownText(text))

/** A name stands for another path if its use is another one. */
export const hubKey = ({ text, use }: Pick<HubName, 'text' | 'use'>): string => `${use} ${text}`

/** Which use a key makes of a path. Arms of a sweep may write a key as `policy.path`. */
const uses: Readonly<Record<string, HubUse>> = { path: 'model', train: 'train', test: 'test', file: 'test' }

function useOf(key: string): HubUse | undefined {
  const last = key.split('.').at(-1) ?? ''
  return Object.hasOwn(uses, last) ? uses[last] : undefined
}

/**
 * The names in a config, each once for each use, without those of parts that are not read. A training file without a test file must be the
 * only one.
 */
export function hubNamesIn(file: Located, { unread = [] }: { unread?: readonly NamingPart[] } = {}): HubName[] {
  const found = new Map<string, HubName>()
  replaced(file, '', named => {
    found.set(hubKey(named), named)
    return undefined
  })
  for (const named of knownPolicies(file, '')) found.set(hubKey(named), named)
  return [...found.values()].filter(named => !unread.includes(partOf(named)))
}

/** Names of `policy: {from: known, name: NAME}`, also in arms and lists that write the key as `policy.name`. */
function knownPolicies({ content, place }: Located, path: string): HubName[] {
  switch (content.kind) {
    case 'map':
      return [...content.entries].flatMap(([key, inner]) => knownPolicies(inner, path === '' ? key : `${path}.${key}`))
    case 'list':
      return content.items.flatMap(item => knownPolicies(item, path))
    case 'scalar': {
      const text = knownText(String(content.value))
      // The schema refuses a name that is not known.
      const isKnown = /(^|\.)policy\.name$/.test(path) && knownModel(text) !== undefined
      return isKnown ? [{ text, place, use: 'model' }] : []
    }
    default:
      return content satisfies never
  }
}

/** The config with the paths of what was fetched, by `hubKey`. */
export function withLocalPaths(file: Located, paths: ReadonlyMap<string, string>): Located {
  return paths.size === 0 ? file : replaced(file, '', named => paths.get(hubKey(named)))
}

/** `path`: the path in place of a name; undefined keeps it. */
function replaced(node: Located, key: string, path: (name: HubName) => string | undefined): Located {
  const { content } = node
  switch (content.kind) {
    case 'map': {
      const hasTest = at(node, ['test']) !== undefined
      const entries = [...content.entries].map(([name, inner]) => {
        const onlyTrains = name === 'train' && !hasTest
        return [name, replaced(inner, onlyTrains ? onlyFile : name, path)] as const
      })
      return { ...node, content: { kind: 'map', entries: new Map(entries) } }
    }
    case 'list':
      return { ...node, content: { kind: 'list', items: content.items.map(item => replaced(item, key, path)) } }
    case 'scalar': {
      const { value: text } = content
      const use = key === onlyFile ? 'only' : useOf(key)
      if (typeof text !== 'string' || use === undefined || !isHubName(text, use)) return node
      const value = path({ text, place: node.place, use })
      return value === undefined ? node : { ...node, content: { kind: 'scalar', value } }
    }
    default:
      return content satisfies never
  }
}

/** The key of a training file whose config names no test file: its exams are split, so a part of the set would be wrong. */
const onlyFile = ' only'
