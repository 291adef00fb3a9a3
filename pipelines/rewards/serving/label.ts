/**
 * The label of a row, the one field of it that OpenRLHF and slime pass on: a JSON object with the answer and what it is worth, as
 * `rlev export` writes it, or the answer alone.
 */
import { BadField, type Fields, isFields, kindOf, textOf } from '../../data/files/fields.js'
import { parseJson } from '../../data/files/json.js'
import { isFilled } from '../../data/forms/columns.js'
import { UnfitJson } from '../../input/bounded-json.js'

/** Throws BadField. */
export function fieldsOfLabel(label: unknown): Fields {
  if (isFields(label)) return label
  const text = textOf(label)
  if (text === null || text.trim() === '') {
    throw new BadField(
      `the label is ${label === undefined ? 'missing' : kindOf(label)}; the answer, or a JSON object with answer, points and total is expected`,
    )
  }
  const object = text.trimStart().startsWith('{') ? objectIn(text) : null
  // An answer in braces is an answer: {1, 2}, and also {}.
  return object !== null && isFilled(object, 'answer') ? object : { answer: text }
}

function objectIn(text: string): Fields | null {
  try {
    const value = parseJson(text)
    return isFields(value) ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    if (error instanceof UnfitJson) throw new BadField(`the label holds ${error.message}`)
    throw error
  }
}
