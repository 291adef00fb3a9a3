/**
 * Untrusted text (of a file, a model, a server), made safe to show or keep: no control characters, no marks that change the
 * direction of writing, no passwords in addresses, and a limited length.
 */

/** Control characters except newline and tab, uncommon line breaks, and overrides of the direction of writing. */
const steering = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Writes control characters as JSON does (`\u001b`). Printed JSON stays valid, with the same value. */
export function printable(text: string): string {
  return text.replace(steering, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** User and password before the host of an address. The scheme has a maximum length, which bounds the search time. */
const credentials = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]*@/giu

/** `https://***@host` for `https://user:password@host`. */
export function withoutCredentials(text: string): string {
  return text.replace(credentials, '$1***@')
}

/** At most `maxLength` characters, then the number of those left out. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return `${text.slice(0, maxLength)}… (${text.length - maxLength} characters more)`
}
