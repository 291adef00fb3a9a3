/** An issue of the schema as a problem: the place in the file, what the key expects, and what to write instead. */
import type { z } from 'zod'
import { nearestName } from '../text/nearest-name.js'
import { describeKeys, type KeyDescription } from './describe.js'
import type { Problem } from './problems.js'
import { at, type KeyPath, type Located, nearest, plain } from './yaml/located.js'

type Issue = z.core.$ZodIssue

/** Problems of a config or of its sweep section. `prefix` is the path of `node` in the file's keys, for example `sweep`. */
export function problemsOf({
  issues,
  node,
  prefix = [],
}: {
  issues: readonly Issue[]
  node: Located
  prefix?: KeyPath
}): Problem[] {
  const keys = describeKeys()
  return issues.flatMap(issue => {
    const path = issue.path.map(step => (typeof step === 'symbol' ? step.toString() : step))
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => unknownKey({ node, path, key, prefix, keys }))
    }
    return [badValue({ issue, node, path, prefix, keys })]
  })
}

const truncated =
  'remove it: an update differentiates the whole distribution, so responses are drawn from the whole one; rollout.temperature sharpens both'

/** Keys that are used elsewhere, and why there are none such here. */
const notOffered = new Map([
  ['rollout.topK', truncated],
  ['rollout.topP', truncated],
  ['<<', 'write the keys out: YAML 1.2 has no merge keys; `extends` takes in another file'],
])

function unknownKey(options: {
  node: Located
  path: KeyPath
  key: string
  prefix: KeyPath
  keys: readonly KeyDescription[]
}): Problem {
  const { node, path, key, prefix } = options
  const section = dotted([...prefix, ...path])
  const known = keysOfSection(options.keys, section, kindsStated(at(node, path)))
  const name = dotted([...prefix, ...path, key])
  const close = nearestName(key, known)
  const meant = close === undefined ? namesakes(key, section, options.keys) : [close]
  const remedy =
    notOffered.get(key === '<<' ? key : name) ??
    (meant.length > 0
      ? `did you mean ${orList(meant)}?`
      : `remove it: rlev has no option ${name} (docs/config.md lists all)`)
  return {
    place: nearest(node, [...path, key]).keyPlace,
    message: `unknown key ${name}`,
    expected: `one of ${known.join(', ')}`,
    found: key,
    remedy,
  }
}

/**
 * Keys of the same last word elsewhere, in case the key was written into the wrong section. A single word gets its meaning from its
 * section (`warmup` of the warm start, `url` of the judge), so it is only offered where no other section was named; a compound such as
 * `learningRate` means the same everywhere. Of several the least nested ones are offered.
 */
function namesakes(key: string, section: string, keys: readonly KeyDescription[]): string[] {
  const isCompound = /[a-z][A-Z]/.test(key)
  const found = keys
    .filter(({ path }) => path.split('.').at(-1) === key)
    .filter(({ path }) => isCompound || section === '' || path.startsWith(`${section}.`))
  const depth = (path: string) => path.split('.').length
  const least = Math.min(...found.map(({ path }) => depth(path)))
  return found
    .filter(({ path }) => depth(path) === least)
    .map(({ path, only }) => (only === undefined ? path : `${path} (${only})`))
}

function orList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** The names directly below a section, of the kind that the config states where there are several. */
function keysOfSection(keys: readonly KeyDescription[], section: string, stated: readonly string[]): string[] {
  const start = section === '' ? '' : `${section}.`
  // A section inside another one has the kind of that.
  const isOfKind = ({ only }: KeyDescription) =>
    only === undefined || only === section || stated.includes(only) || section === '' || section.includes('.')
  const below = keys.filter(key => key.path.startsWith(start) && isOfKind(key))
  const names = below.map(({ path }) => path.slice(start.length).split('.')[0] ?? '')
  return [...new Set(section === '' ? [...names, 'extends'] : names)]
}

/** `source: file` and the like, as the section has it. */
function kindsStated(section: Located | undefined): string[] {
  if (section?.content.kind !== 'map') return []
  return [...section.content.entries].map(
    ([key, { content }]) => `${key}: ${content.kind === 'scalar' ? String(content.value) : ''}`,
  )
}

function badValue({
  issue,
  node,
  path,
  prefix,
  keys,
}: {
  issue: Issue
  node: Located
  path: KeyPath
  prefix: KeyPath
  keys: readonly KeyDescription[]
}): Problem {
  const found = at(node, path)
  const name = dotted([...prefix, ...path])
  const key = keyOf(keys, name)
  // A rule of our own says more of what it wants than the kind of the value does.
  const above = keys.find(({ path: one }) => one === dotted([...prefix, ...path.slice(0, -1)]))
  const described =
    issue.code === 'custom' ? undefined : (key?.expected ?? sectionExpected(keys, name) ?? above?.expected)
  const expected = described ?? issue.message
  if (found === undefined) {
    return {
      place: nearest(node, path).place,
      message: `${name} is missing`,
      expected,
      remedy: `add ${name}${key === undefined ? '' : `: ${key.sentence}`}`,
    }
  }
  const value = plain(found)
  const meant =
    issue.code === 'invalid_value' || issue.code === 'invalid_union' ? suggestion(value, expected) : undefined
  const byDefault =
    key?.default === undefined
      ? 'set it as expected'
      : `set it as expected, or leave it out for the default ${JSON.stringify(key.default)}`
  return {
    place: issue.code === 'invalid_key' ? found.keyPlace : found.place,
    message: issue.code === 'invalid_key' ? `${name} is not a valid name` : `${name} cannot be ${shown(value)}`,
    expected: issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? expected) : expected,
    found: issue.code === 'invalid_key' ? String(path.at(-1)) : shown(value),
    remedy: numberRemedy(value, expected) ?? (meant === undefined ? byDefault : `did you mean ${meant}?`),
  }
}

/** For text where a number is expected, if a person reads it as a number. */
function numberRemedy(value: unknown, expected: string): string | undefined {
  if (typeof value !== 'string' || !/\ba (?:whole )?number\b/.test(expected)) return undefined
  const digits = value
    .normalize('NFKC')
    .replace(/(?<=\d)[_,' ](?=\d)/g, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
  if (digits === value || digits.trim() === '' || !Number.isFinite(Number(digits))) return undefined
  const sign = [...value].find(character => !/[\d.eE+-]/.test(character)) ?? ''
  const code = `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return `write ${digits}: with ${JSON.stringify(sign)} (${code}) it is text`
}

/** The description of a key or of the list that it is an element of; kinds of a section are told together. */
function keyOf(keys: readonly KeyDescription[], name: string): KeyDescription | undefined {
  const plainName = name.replace(/(\.\d+)+$/, '')
  const [first, ...others] = keys.filter(({ path }) => path === plainName)
  if (first === undefined || others.length === 0) return first
  return { ...first, expected: `one of ${[first, ...others].map(({ expected }) => expected).join(', ')}` }
}

function sectionExpected(keys: readonly KeyDescription[], name: string): string | undefined {
  const names = keysOfSection(keys, name, [])
  return names.length === 0 ? undefined : `a map of keys with values: ${names.join(', ')}`
}

function suggestion(value: unknown, expected: string): string | undefined {
  if (typeof value !== 'string') return undefined
  return nearestName(value, expected.replace(/^one of /, '').split(', '))
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function dotted(path: KeyPath): string {
  return path.join('.')
}
