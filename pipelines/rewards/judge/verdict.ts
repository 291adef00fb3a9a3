/** The verdict in a judge's answer, read strictly: whatever is not one of the two words is no verdict, and above all not `wrong`. */
import { parseBoundedJson, UnfitJson } from '../../input/bounded-json.js'
import { shortened } from '../../printable.js'
import type { Verdict } from '../verdict.js'

/** Of an answer's body. (bytes) One word needs a few hundred; what is longer is not read to its end. */
export const longestBody = 64 * 1024

const bounds = { depth: 10, values: 2000 }

export type Reading = { verdict: Exclude<Verdict, 'unscored'> } | { nonsense: string }

/** Of the body of a chat completion. `nonsense` says in a few words what it is instead. */
export function readVerdict(body: string): Reading {
  let completion: unknown
  try {
    completion = parseBoundedJson(body, bounds)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnfitJson)
      return { nonsense: 'a body that is not JSON, or too much of it' }
    throw error
  }
  const content = at(at(at(at(completion, 'choices'), 0), 'message'), 'content')
  if (typeof content !== 'string') return { nonsense: 'a body without choices[0].message.content' }
  switch (content.trim().replace(/\.$/, '').toLowerCase()) {
    case 'same':
      return { verdict: 'correct' }
    case 'different':
      return { verdict: 'wrong' }
    default:
      return { nonsense: `neither SAME nor DIFFERENT: ${JSON.stringify(shortened(content, 80))}` }
  }
}

function at(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string | number, unknown>)[key]
}
