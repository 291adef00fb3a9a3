/** A row of responses to one test item that were made elsewhere: `{id, response, responses, arm, seed, step}`. */
import {
  BadField,
  type Fields,
  isFields,
  kindOf,
  requiredNumber,
  requiredText,
  textOf,
} from '../../data/files/fields.js'
import { given } from '../../given.js'
import type { Finish } from '../../rollout/response.js'

/** A response as the row has it. */
export interface Said {
  text: string
  /** Tokens, the token that ends it included; absent if the row does not say. */
  length?: number
  finish: Finish
}

export interface ImportedRow {
  id: string
  arm?: string
  seed?: number
  step?: number
  /** The greedy response; absent if there are sampled ones only. */
  greedy?: Said
  /** Sampled ones, in order. */
  samples: readonly Said[]
}

/** Throws BadField. Fields of other names are left out, such as those that `rlev export` wrote. */
export function importedRow(fields: Fields): ImportedRow {
  const id = requiredText(fields['id'], 'id', 'id of the item')
  const { response, responses } = fields
  if (isMissing(response) && isMissing(responses)) {
    throw new BadField('no response (response, or a list responses of sampled ones)')
  }
  return {
    id,
    ...given({
      arm: isMissing(fields['arm']) ? undefined : requiredText(fields['arm'], 'arm', 'arm'),
      seed: wholeNumber(fields, 'seed'),
      step: wholeNumber(fields, 'step'),
      greedy: isMissing(response) ? undefined : greedyOf(response, fields),
    }),
    samples: isMissing(responses) ? [] : samplesOf(responses),
  }
}

/** A response that is text may have its length and its finish beside it in the row. */
function greedyOf(response: unknown, { length, finish }: Fields): Said {
  return isFields(response) ? saidOf(response, 'response') : saidOf({ text: response, length, finish }, 'response')
}

function samplesOf(responses: unknown): Said[] {
  if (!Array.isArray(responses)) throw new BadField(`responses is ${kindOf(responses)}, a list is expected`)
  return responses.map((one: unknown, index) =>
    saidOf(isFields(one) ? one : { text: one }, `response ${index + 1} of responses`),
  )
}

function saidOf(fields: Fields, what: string): Said {
  const text = textOf(fields['text'])
  if (text === null) {
    throw new BadField(`the ${what} is ${kindOf(fields['text'])}; text, or {text, length, finish} is expected`)
  }
  return { text, finish: finishOf(fields['finish'], what), ...given({ length: wholeNumber(fields, 'length') }) }
}

function finishOf(finish: unknown, what: string): Finish {
  if (isMissing(finish) || finish === 'stop') return 'stop'
  if (finish === 'length') return 'length'
  throw new BadField(`finish of the ${what} is ${kindOf(finish)}; stop, or length for a cut response, is expected`)
}

function wholeNumber(fields: Fields, key: string): number | undefined {
  const value = fields[key]
  if (isMissing(value)) return undefined
  const number = requiredNumber(value, key, key)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new BadField(`${key} is ${kindOf(value)}; a whole number from 0 on is expected`)
}

/** A cell of a table that is empty is missing; an empty response has its text in an object, or quotes in JSON. */
const isMissing = (value: unknown): boolean => value === undefined || value === null
