/** Why a part could not be made, in the form of every error of rlev: expected, found, to do. */

export class PartError extends Error {
  constructor({ message, expected, found, remedy, cause }) {
    const lines = [message]
    if (expected !== undefined) lines.push(`  expected: ${expected}`)
    if (found !== undefined) lines.push(`  found:    ${found}`)
    if (remedy !== undefined) lines.push(`  to do:    ${remedy}`)
    super(lines.join('\n'), { cause })
    this.name = 'PartError'
    /** The same, in parts. */
    this.summary = message
    this.found = found
    this.remedy = remedy
  }
}
