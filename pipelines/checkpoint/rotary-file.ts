/**
 * The rotary positions in a config.json: `rope_parameters` with everything, or in the older form the base beside the model's keys
 * (`rope_theta`) and the stretch in `rope_scaling`, whose type is `rope_type` or, in the oldest files, `type`.
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

/** Of the schema of a config.json. */
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

/** `rope_scaling` comes before `rope_parameters`, and the base in either before the one beside it. Throws CheckpointInvalid, naming the key. */
export function readRotary(
  file: z.output<typeof ropeFile>,
  { maxPositions, place }: { maxPositions: number; place: string },
): Rotary {
  const key = holdsKeys(file.rope_scaling) ? 'rope_scaling' : 'rope_parameters'
  const said: Parameters = file[key] ?? {}
  const theta = said.rope_theta ?? file.rope_parameters?.rope_theta ?? file.rope_theta ?? 10000
  const partial = said.partial_rotary_factor ?? file.partial_rotary_factor ?? 1
  if (partial !== 1) throw unsupportedKey({ key: 'partial_rotary_factor', expected: '1', found: partial, place })
  const type = said.rope_type ?? said.type ?? 'default'
  const typeKey = `${key}.${said.rope_type == null && said.type != null ? 'type' : 'rope_type'}`
  // Parameters for each type of layer hold objects, which no decoder here has.
  const nested = Object.entries(said).find(([, value]) => typeof value === 'object' && value !== null)
  if (nested !== undefined) {
    throw unsupportedKey({
      key: `${key}.${nested[0]}`,
      expected: 'one set of parameters for all layers',
      found: nested[1],
      place,
    })
  }
  const scaling = scalingOf(type, said, {
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

/** In today's form and the one before it, so that either `transformers` reads it. */
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

/** Undefined for a type that is not known. */
function scalingOf(
  type: string,
  said: Parameters,
  at: { key: string; place: string; original: number | null; maxPositions: number },
): RotaryScaling | null | undefined {
  switch (type) {
    case 'default':
      return null
    case 'linear':
      return { type, factor: parsed(linear, said, at).factor }
    case 'llama3': {
      const keys = parsed(llama3, said, at)
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
  said: Parameters,
  { key, place }: { key: string; place: string },
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(said)
  if (success) return data
  const [issue] = error.issues
  const name = `${key}.${issue?.path.join('.')}`
  throw unsupportedKey({ key: name, expected: 'a number above 0', found: issue?.message, place })
}

const holdsKeys = (value: object | null | undefined): boolean => value != null && Object.keys(value).length > 0
