/**
 * Names of data sets and models of the Hugging Face hub in a config: `hf:owner/name@revision/path`. They stand where a path may
 * stand, are fetched before the config is checked, and are replaced by the paths of what was fetched.
 */
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

export const isHubName = (text: string): boolean => text.startsWith('hf:')

/** A name stands for another path if its use is another one. */
export const hubKey = ({ text, use }: Pick<HubName, 'text' | 'use'>): string => `${use} ${text}`

/** Which use a key makes of a path. Arms of a sweep may write a key as `policy.path`. */
const uses: Readonly<Record<string, HubUse>> = { path: 'model', train: 'train', test: 'test', file: 'test' }

const useOf = (key: string): HubUse | undefined => uses[key.split('.').at(-1) ?? '']

/** The names in a config, each once for each use. A training file without a test file must be the only one. */
export function hubNamesIn(file: Located): HubName[] {
  const found = new Map<string, HubName>()
  replaced(file, '', named => {
    found.set(hubKey(named), named)
    return undefined
  })
  return [...found.values()]
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
      if (typeof text !== 'string' || !isHubName(text) || use === undefined) return node
      const value = path({ text, place: node.place, use })
      return value === undefined ? node : { ...node, content: { kind: 'scalar', value } }
    }
    default:
      return content satisfies never
  }
}

/** The key of a training file whose config names no test file: its exams are split, so a part of the set would be wrong. */
const onlyFile = ' only'
