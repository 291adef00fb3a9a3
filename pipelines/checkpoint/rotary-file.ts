/**
 * The keys of rotary positions in config.json. The current form has all of them in `rope_parameters`. The older
 * form has the base in `rope_theta` and the scaling in `rope_scaling`, whose type is `rope_type` or, in the
 * oldest files, `type`.
 */
import { z } from 'zod'
import type { Architecture, RotaryScaling } from '../model/architecture.js'
import { unsupportedKey } from './unsupported.js'

type Rotary = Architecture['rotary']

const positive = z.number().positive()

const parameters = z.looseObject({
  rope_theta: positive.nullish(),
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  partial_rotary_factor: z.number().nullish(),
})
type Parameters = z.output<typeof parameters>

/** Part of the schema of config.json. */
export const ropeKeys = {
  rope_theta: positive.nullish(),
  rope_parameters: parameters.nullish(),
  rope_scaling: parameters.nullish(),
  partial_rotary_factor: z.number().nullish(),
  original_max_position_embeddings: positive.nullish(),
}
const ropeFile = z.object(ropeKeys)

const linear = z.looseObject({ factor: positive })
const llama3 = z.looseObject({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: positive.nullish(),
})

/**
 * `rope_scaling` has precedence over `rope_parameters`, and a base in either over the one in the model's keys.
 * Throws CheckpointInvalid, which names the key.
 */
export function readRotary(
  file: z.output<typeof ropeFile>,
  { maxPositions, place }: { maxPositions: number; place: string },
): Rotary {
  const key = holdsKeys(file.rope_scaling) ? 'rope_scaling' : 'rope_parameters'
  const given: Parameters = file[key] ?? {}
  const theta = given.rope_theta ?? file.rope_parameters?.rope_theta ?? file.rope_theta ?? 10000
  const partial = given.partial_rotary_factor ?? file.partial_rotary_factor ?? 1
  if (partial !== 1) throw unsupportedKey({ key: 'partial_rotary_factor', expected: '1', found: partial, place })
  const type = given.rope_type ?? given.type ?? 'default'
  const typeKey = `${key}.${given.rope_type == null && given.type != null ? 'type' : 'rope_type'}`
  // Objects are parameters for each type of layer, which the decoder does not support.
  const nested = Object.entries(given).find(([, value]) => typeof value === 'object' && value !== null)
  if (nested !== undefined) {
    throw unsupportedKey({
      key: `${key}.${nested[0]}`,
      expected: 'one set of parameters for all layers',
      found: nested[1],
      place,
    })
  }
  const scaling = scalingOf(type, given, {
    key,
    place,
    original: file.original_max_position_embeddings ?? null,
    maxPositions,
  })
  if (scaling === undefined) {
    throw unsupportedKey({ key: typeKey, expected: 'default, linear or llama3', found: type, place })
  }
  return { theta, scaling }
}

/** In the current form and the older one, so that all versions of `transformers` read it. */
export function writeRotary({ theta, scaling }: Rotary): Record<string, unknown> {
  const stretch = writeScaling(scaling)
  return {
    rope_parameters: { rope_theta: theta, ...(stretch ?? { rope_type: 'default' }) },
    ...(stretch === null ? {} : { rope_scaling: stretch }),
    rope_theta: theta,
  }
}

function writeScaling(scaling: RotaryScaling | null): Record<string, unknown> | null {
  if (scaling === null) return null
  switch (scaling.type) {
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor }
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalMaxPositions,
      }
    default:
      return scaling satisfies never
  }
}

/** Undefined for an unknown type. */
function scalingOf(
  type: string,
  given: Parameters,
  at: { key: string; place: string; original: number | null; maxPositions: number },
): RotaryScaling | null | undefined {
  switch (type) {
    case 'default':
      return null
    case 'linear':
      return { type, factor: parsed(linear, given, at).factor }
    case 'llama3': {
      const keys = parsed(llama3, given, at)
      if (keys.high_freq_factor <= keys.low_freq_factor) {
        throw unsupportedKey({
          key: `${at.key}.high_freq_factor`,
          expected: `above low_freq_factor, ${keys.low_freq_factor}`,
          found: keys.high_freq_factor,
          place: at.place,
        })
      }
      return {
        type,
        factor: keys.factor,
        lowFrequencyFactor: keys.low_freq_factor,
        highFrequencyFactor: keys.high_freq_factor,
        originalMaxPositions: at.original ?? keys.original_max_position_embeddings ?? at.maxPositions,
      }
    }
    default:
      return undefined
  }
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  given: Parameters,
  { key, place }: { key: string; place: string },
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(given)
  if (success) return data
  const [issue] = error.issues
  const name = `${key}.${issue?.path.join('.')}`
  throw unsupportedKey({ key: name, expected: 'a number above 0', found: issue?.message, place })
}

const holdsKeys = (value: object | null | undefined): boolean => value != null && Object.keys(value).length > 0
