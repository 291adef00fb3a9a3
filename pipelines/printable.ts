/**
 * Text of strangers (a file, a model, a server) as it may be shown or kept: nothing in it steers a terminal or turns a line around,
 * no address in it tells a password, and it has an end.
 */

/** Control characters but newline and tab, breaks of lines that only some programs see, and overrides of the direction of writing. */
const steering = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** What steers is written out, as JSON would (`\u001b`); printed JSON stays JSON, of the same value. */
export function printable(text: string): string {
  return text.replace(steering, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** User and password before the host of any address; the scheme is short, so that no text makes the search long. */
const credentials = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]*@/giu

/** `https://***@host` for `https://user:password@host`. */
export function withoutCredentials(text: string): string {
  return text.replace(credentials, '$1***@')
}

/** At most so many characters, and how many more there were. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most)}… (${text.length - most} characters more)`
}
