/** The verdict in a judge's answer. Anything but one of the two words is no verdict; in particular it does not mean `wrong`. */
import { parseBoundedJson, UnfitJson } from '../../input/bounded-json.js'
import { shortened } from '../../printable.js'
import type { Verdict } from '../verdict.js'

/** Limit of the body of an answer. (bytes) One word needs a few hundred. A longer body is not read to its end. */
export const longestBody = 64 * 1024

const bounds = { depth: 10, values: 2000 }

export type Reading = { verdict: Exclude<Verdict, 'unscored'> } | { nonsense: string }

/** Reads the body of a chat completion. If it has no verdict, `nonsense` describes it in a few words. */
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
