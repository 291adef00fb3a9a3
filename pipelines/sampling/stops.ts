/**
 * Where a response ends besides the end-of-sequence token: at a stop token, or with the token that completes a stop string, wherever
 * the borders of tokens are. The paper has neither. All drawn tokens up to there belong to the response and are trained on; a token is
 * never divided. The stop itself and what its last token says behind it are left out of the text that a verifier reads.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import type { PolicyTokenizer } from '../tokenizer/tokenizer.js'

type StopConfig = ExperimentConfig['rollout']['stop']
type Tokenizer = Pick<PolicyTokenizer, 'encode' | 'decode' | 'hasToken' | 'eosIds' | 'padId'>

/** Of one tokenizer. */
export interface Stops {
  /** Stop tokens, without those that end every response. */
  ids: readonly number[]
  strings: readonly string[]
  /** Whether the text of a response has the stop string or token. */
  keepText: boolean
}

/** Null without stops. Throws ConfigInvalid for a stop token that the tokenizer does not have as one token. */
export function stopsOf(tokenizer: Tokenizer, stop: StopConfig | undefined): Stops | null {
  if (stop == null) return null
  const ids = stop.tokens.map(token => idOf(tokenizer, token)).filter(id => !tokenizer.eosIds.includes(id))
  return { ids: [...new Set(ids)], strings: stop.strings, keepText: stop.keepText }
}

function idOf(tokenizer: Tokenizer, token: string | number): number {
  const ids = typeof token === 'number' ? [token] : tokenizer.encode(token)
  const [id] = ids
  const drawn =
    id !== undefined && (tokenizer.eosIds.includes(id) || (id !== tokenizer.padId && tokenizer.hasToken(id)))
  if (ids.length === 1 && drawn) return id
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: 'a stop token is not a token that the policy can draw',
    place: 'rollout.stop.tokens',
    expected: 'the text of one token, or its id',
    found: ids.length === 1 ? JSON.stringify(token) : `${JSON.stringify(token)}, which is ${ids.length} tokens`,
    remedy: 'name it under rollout.stop.strings: a string may span tokens',
  })
}

/** Tokens that were drawn after others of the same response, which end nowhere. */
interface Drawn {
  before: readonly number[]
  fresh: readonly number[]
}

interface Belonging {
  tokens: readonly number[]
  finish?: 'stop'
  stoppedBy?: string
}

/** The fresh tokens up to the one that ends the response, and what ended it; all of them if none does. */
export function belonging(
  tokenizer: Pick<Tokenizer, 'eosIds' | 'decode'>,
  stops: Stops | null,
  { before, fresh }: Drawn,
): Belonging {
  const { eosIds } = tokenizer
  const end = fresh.findIndex(id => eosIds.includes(id) || stops?.ids.includes(id))
  const drawn = end < 0 ? fresh : fresh.slice(0, end + 1)
  const completed = completedString(tokenizer, stops?.strings ?? [], { before, fresh: drawn })
  if (completed !== null) {
    return { tokens: drawn.slice(0, completed.count), finish: 'stop', stoppedBy: completed.string }
  }
  const last = drawn.at(-1)
  if (end < 0 || last === undefined) return { tokens: drawn }
  return { tokens: drawn, finish: 'stop', ...(eosIds.includes(last) ? {} : { stoppedBy: tokenizer.decode([last]) }) }
}

/** The string that the fresh tokens complete in the text of all of them, and how many of them are needed; null if they complete none. */
function completedString(
  { decode }: Pick<Tokenizer, 'decode'>,
  strings: readonly string[],
  { before, fresh }: Drawn,
): { count: number; string: string } | null {
  if (strings.length === 0) return null
  // A token has a byte of text at least. The others are room for a divided character, and for the space that a decoder strips in front.
  const reach = Math.max(...strings.map(string => Buffer.byteLength(string))) + 8
  const near = decode([...before.slice(-reach), ...fresh])
  if (!strings.some(string => near.includes(string))) return null
  for (let count = 1; count <= fresh.length; count++) {
    const string = firstOf(strings, decode([...before, ...fresh.slice(0, count)]))
    if (string !== null) return { count, string }
  }
  return null
}

/** The string that begins first in the text; of two that begin together, the longer one. */
function firstOf(strings: readonly string[], text: string): string | null {
  const found = strings.flatMap(string => {
    const at = text.indexOf(string)
    return at < 0 ? [] : [{ string, at }]
  })
  return found.toSorted((a, b) => a.at - b.at || b.string.length - a.string.length)[0]?.string ?? null
}

/** What of a response its text depends on. */
interface Ended {
  tokens: readonly number[]
  stoppedBy?: string | undefined
}

/** The text that a verifier reads, and the stop that ended it if one did. */
export function responseText(
  { decode }: Pick<Tokenizer, 'decode'>,
  { tokens, stoppedBy }: Ended,
  stops: Stops | null,
): { text: string; stoppedBy?: string } {
  if (stops === null || stoppedBy === undefined) return { text: decode(tokens) }
  const text = decode(tokens)
  const at = text.indexOf(stoppedBy)
  const byString = stops.strings.includes(stoppedBy) && at >= 0
  if (byString) return { text: text.slice(0, stops.keepText ? at + stoppedBy.length : at), ...given({ stoppedBy }) }
  return { text: stops.keepText ? text : decode(tokens.slice(0, -1)), ...given({ stoppedBy }) }
}
