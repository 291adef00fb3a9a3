/** Why a request is not answered, with its HTTP status; and the status of the errors of rlev. */
import { masked } from '../../activities/machine/secrets.js'
import { type ErrorKind, type ErrorParts, RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { printable, shortened } from '../../pipelines/printable.js'

type Parts = Omit<ErrorParts, 'kind' | 'cause'>

export class Refusal extends Error {
  readonly status: number
  readonly parts: Parts

  constructor(status: number, parts: Parts) {
    super(parts.message)
    this.status = status
    this.parts = parts
  }
}

/** Seconds after which a client may come again. */
export const retryAfterS = 1

const statusOfKind: Partial<Record<ErrorKind, number>> = {
  DataInvalid: 400,
  // A judge or a verifier behind this server is down.
  ServiceUnavailable: 503,
}

/** Whatever was thrown, as a refusal. Of an error of another program only its message is told. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof RlevError) {
    const { kind, cause: _cause, ...parts } = error.parts
    return new Refusal(statusOfKind[kind] ?? 500, parts)
  }
  const status = statusIn(error)
  if (status === 415) return notJson
  const message = error instanceof Error ? error.message : String(error)
  return new Refusal(status ?? 500, { message: status === undefined ? `unexpected error: ${message}` : message })
}

const notJson = new Refusal(415, {
  message: 'the body is of another type',
  expected: 'Content-Type: application/json',
  remedy: 'send the header',
})

/** Fastify's own errors (415 for another type of body, for example) have a status. */
function statusIn(error: unknown): number | undefined {
  if (!(error instanceof Error && 'statusCode' in error)) return undefined
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined
}

/** The body of the answer: what is wrong, where, what was expected and found, the remedy. */
export function bodyOf({ parts: { message, place, expected, found, remedy } }: Refusal): { error: object } {
  const texts = Object.entries(given({ message, place, expected, found, remedy }))
  return { error: Object.fromEntries(texts.map(([name, text]) => [name, shown(String(text))])) }
}

const shown = (text: string): string => printable(masked(shortened(text, 10_000)))
