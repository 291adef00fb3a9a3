/** Every key of a config, as the schema describes it: for errors, docs/config.md and `rlev plan --keys`. */

import { z } from 'zod'
import { given } from '../given.js'
import { nameForm, nameWords } from './names.js'
import { statedSchema, sweepSchema } from './schema.js'

export interface KeyDescription {
  /** Keys joined by dots, for example `reward.alpha`. */
  path: string
  sentence: string
  /** Absent for words, names and switches; 1 for a plain number. */
  unit?: string
  /** Undefined if the key is required, or optional without a default. */
  default: unknown
  required: boolean
  /** What a value must be, in words. */
  expected: string
  /** The kind of section that has the key, for example `source: file`, or the section that may be left out. */
  only?: string
}

/** The part of JSON Schema that our schemas use. */
interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema | false
  prefixItems?: JsonSchema[]
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  pattern?: string
}

/** In schema order: the keys of an experiment, then those of `sweep`. */
export function describeKeys(): KeyDescription[] {
  return [...keysOf(jsonSchema(statedSchema), ''), ...keysOf(jsonSchema(sweepSchema), 'sweep.')]
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
}

function keysOf(schema: JsonSchema, prefix: string, only?: string): KeyDescription[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]): KeyDescription[] => {
    const path = `${prefix}${key}`
    // A section that a config may have or not: its keys are for one that has it.
    const optional = !schema.required?.includes(key) && inner.default === undefined
    if (inner.properties !== undefined) return keysOf(inner, `${path}.`, only ?? (optional ? key : undefined))
    const isNullable = inner.anyOf?.some(({ type }) => type === 'null') === true
    const mayBeNull = isNullable ? inner.anyOf?.find(kind => kind.properties !== undefined) : undefined
    // The section itself first, because it may be null; then its keys.
    if (mayBeNull !== undefined) return [describe(path, inner, false, only), ...keysOf(mayBeNull, `${path}.`, only)]
    if (inner.oneOf !== undefined) return inner.oneOf.flatMap(kind => keysOf(kind, `${path}.`, nameOfKind(kind)))
    return [
      describe(path, inner, schema.required?.includes(key) ?? false, inner.const === undefined ? only : undefined),
    ]
  })
}

/** `source: file`, from the property that has one value only. */
function nameOfKind({ properties = {} }: JsonSchema): string {
  const [key, schema] = Object.entries(properties).find(([, inner]) => inner.const !== undefined) ?? ['', {}]
  return `${key}: ${String((schema as JsonSchema).const)}`
}

function describe(path: string, schema: JsonSchema, required: boolean, only: string | undefined): KeyDescription {
  const { sentence = '', unit } =
    /^(?<sentence>.*?)(?: \((?<unit>[^()]+)\))?$/s.exec(schema.description ?? '')?.groups ?? {}
  return {
    path,
    sentence,
    ...given({ unit }),
    default: schema.default,
    // A section's kind is told by its other keys, so it need not be given.
    required: required && schema.const === undefined,
    expected: expectation(schema),
    ...given({ only }),
  }
}

const aMap = 'a map of keys with values'

/** What a schema asks for, in words. */
function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (schema.anyOf !== undefined) return schema.anyOf.map(expectation).join(', or ')
  switch (schema.type) {
    case 'number':
    case 'integer':
      return number(schema)
    case 'boolean':
      return 'true or false'
    case 'array':
      return list(schema)
    case 'null':
      return 'null'
    case 'object':
      return schema.properties === undefined ? mapOf(schema) : `${aMap}: ${Object.keys(schema.properties).join(', ')}`
    default:
      if (schema.pattern === undefined) return 'text'
      if (schema.pattern.includes('\\.mjs')) return 'the path of a .ts, .mts, .js or .mjs file'
      return schema.pattern === nameForm.source ? `a name: ${nameWords}` : 'a line of text, at most 200 characters'
  }
}

/** A map by names that a person chooses, with the kind of its values if that is one. */
function mapOf({ additionalProperties: values }: JsonSchema): string {
  const isKnown =
    typeof values === 'object' &&
    (values.enum !== undefined || ['number', 'integer', 'string'].includes(values.type ?? ''))
  return isKnown ? `a map of names, each with ${expectation(values)}` : aMap
}

function number({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const bounds = [
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? '' : `of at least ${minimum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `at most ${maximum}`,
  ].filter(bound => bound !== '')
  return `${type === 'integer' ? 'a whole number' : 'a number'} ${bounds.join(' and ')}`.trim()
}

function list({ items, prefixItems, minItems, maxItems }: JsonSchema): string {
  const element = prefixItems?.[0] ?? (items === false ? undefined : items)
  const size = minItems === undefined ? '' : minItems === maxItems ? ` of ${minItems}` : ` of at least ${minItems}`
  return `a list${size}${element === undefined ? '' : `, each ${expectation(element)}`}`
}
