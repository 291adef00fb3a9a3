/** The error for a key of a checkpoint that asks for something the decoder does not compute. */
import { RlevError } from '../errors.js'

export function unsupportedKey({
  key,
  expected,
  found,
  place,
}: {
  key: string
  expected: string
  found: unknown
  /** The file. */
  place: string
}): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message: `the decoder does not support this \`${key}\``,
    place,
    expected: `${key}: ${expected}`,
    found: JSON.stringify(found) ?? 'nothing',
    remedy: 'use a checkpoint of the Qwen2, Qwen3 or Llama family in its plain form',
  })
}
