/**
 * Who may ask: everybody on this machine, or everybody who has the token. Trainers that cannot send a header put the token into the address
 * (`http://rlev:TOKEN@host:8300`), which their HTTP libraries send as the password of Basic authentication.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { RlevError } from '../../pipelines/errors.js'
import { Refusal } from './refusal.js'

/** The only place of the token. */
export const tokenVariable = 'RLEV_SERVE_TOKEN'

/** In characters: a shorter one can be guessed. */
const shortestToken = 16

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * The token in the environment; undefined if there is none.
 * @throws RlevError CallInvalid if the host needs one, or if it is too short.
 */
export function tokenFor(host: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const token = environment[tokenVariable]?.trim() ?? ''
  if (token === '' && isLoopback(host)) return undefined
  if (token.length >= shortestToken) return token
  throw new RlevError({
    kind: 'CallInvalid',
    message:
      token === ''
        ? 'an address beyond this machine needs a token: everybody who reaches it could ask the verifiers'
        : 'the token can be guessed',
    place: token === '' ? `--host ${host}` : tokenVariable,
    expected: `at least ${shortestToken} characters in the environment variable ${tokenVariable}`,
    found: token === '' ? 'no token' : `${token.length} characters`,
    remedy: `export ${tokenVariable}=$(openssl rand -hex 32)${token === '' ? ', or leave out --host' : ''}`,
  })
}

/** Throws Refusal (401, or 403 for a web page that reached this machine under another name). */
export function refuseStranger(headers: IncomingHttpHeaders, token: string | undefined): void {
  if (token === undefined) {
    if (isLoopback(hostIn(headers.host ?? ''))) return
    throw new Refusal(403, {
      message: 'without a token this server answers to addresses of this machine only',
      expected: 'the host 127.0.0.1, ::1 or localhost',
      found: headers.host ?? 'no host',
      remedy: `use http://127.0.0.1, or start the server with ${tokenVariable}`,
    })
  }
  if (isSame(tokenIn(headers.authorization ?? ''), token)) return
  throw new Refusal(401, {
    message: 'the token is missing or another one',
    expected: `Authorization: Bearer TOKEN, or the address http://rlev:TOKEN@HOST:PORT, with the token of ${tokenVariable}`,
    remedy: 'send the token that the server was started with',
  })
}

/** In a time that says nothing about where they differ, or how long the token is. */
function isSame(said: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(said), digest(token))
}

function tokenIn(authorization: string): string {
  const [scheme = '', value = ''] = authorization.trim().split(/\s+/, 2)
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return ''
  const login = Buffer.from(value, 'base64').toString('utf8')
  return login.slice(login.indexOf(':') + 1)
}

/** The host of `127.0.0.1:8300` or `[::1]:8300`. */
function hostIn(header: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(header)?.[1]
  return (bracketed ?? header.replace(/:\d*$/, '')).toLowerCase()
}
