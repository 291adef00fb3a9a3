/** The body of a request, with a limit for it and one for the bodies of all requests at once. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { parseJson } from '../../pipelines/data/files/json.js'
import { UnfitJson } from '../../pipelines/input/bounded-json.js'
import { Refusal } from './refusal.js'

/** Bytes of the bodies that are held, of requests that are received or answered. */
export class BodyRoom {
  readonly #maxBytes: number
  #held = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get held(): number {
    return this.#held
  }

  /** What one request holds of it. */
  share(): BodyShare {
    let own = 0
    let isOver = false
    return {
      take: bytes => {
        if (isOver || this.#held + bytes > this.#maxBytes) return false
        own += bytes
        this.#held += bytes
        return true
      },
      free: () => {
        isOver = true
        this.#held -= own
        own = 0
      },
    }
  }
}

export interface BodyShare {
  /** Whether there was room. There is none after `free`. */
  take: (bytes: number) => boolean
  free: () => void
}

/** The JSON value of the body. Bytes are counted as they come: a sender that announces much and sends little takes little. Throws Refusal. */
export async function readBody(
  payload: IncomingMessage,
  { maxBytes, share }: { maxBytes: number; share: BodyShare },
): Promise<unknown> {
  if (Number(payload.headers['content-length'] ?? 0) > maxBytes) throw tooLong(maxBytes)
  let bytes = 0
  const parts: Buffer[] = []
  for await (const part of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > maxBytes) throw tooLong(maxBytes)
    if (!share.take(part.length)) throw busy('the bodies of other requests fill the memory that is set aside for them')
    parts.push(part)
  }
  return jsonIn(Buffer.concat(parts))
}

function jsonIn(bytes: Buffer): unknown {
  // Replacement characters would silently change answers.
  if (!isUtf8(bytes)) throw noJson('the body is no UTF-8')
  try {
    return parseJson(bytes.toString('utf8'))
  } catch (error) {
    if (error instanceof UnfitJson) throw noJson(`the body holds ${error.message}`)
    if (error instanceof SyntaxError) throw noJson(`the body is no JSON (${error.message})`)
    throw error
  }
}

function noJson(message: string): Refusal {
  return new Refusal(400, { message, remedy: 'send one JSON value; docs/serving.md shows that of each route' })
}

function tooLong(maxBytes: number): Refusal {
  return new Refusal(413, {
    message: 'the body is too long',
    expected: `at most ${maxBytes} bytes`,
    remedy: 'send fewer rows in a request, or start the server with a larger --max-body',
  })
}

/** For a client that may come again in a moment. */
export function busy(message: string): Refusal {
  return new Refusal(503, { message, remedy: 'send the request again after the time in Retry-After' })
}
