/** What a model said, in a response object of OpenAI's Responses API, as NeMo Gym sends it. */
import { BadField, type Fields, isFields, kindOf } from '../../data/files/fields.js'

/** The texts of its messages joined, without reasoning and calls of tools; `length` if it is incomplete. Throws BadField. */
export function outputOf(response: unknown): Fields {
  if (!isFields(response)) throw notOutput(`the response is ${response === undefined ? 'missing' : kindOf(response)}`)
  const { output, status, incomplete_details: details } = response
  if (!Array.isArray(output)) throw notOutput('the response has no list output')
  const texts = output.filter(isFields).flatMap(({ type, content }) => {
    if (type !== 'message') return []
    if (typeof content === 'string') return [content]
    return Array.isArray(content) ? content.filter(isFields).map(textIn) : []
  })
  const isCut = status === 'incomplete' || isFields(details)
  return { response: texts.join(''), finish: isCut ? 'length' : 'stop' }
}

function textIn({ type, text }: Fields): string {
  return type === 'output_text' && typeof text === 'string' ? text : ''
}

function notOutput(found: string): BadField {
  return new BadField(`${found}; an object of the Responses API is expected, with output: [{type: message, content}]`)
}
