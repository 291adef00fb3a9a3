/** A row as the readers of every form of file give it, and the limits of rows. */
import { isUtf8 } from 'node:buffer'
import { UnfitJson } from '../../input/bounded-json.js'
import { parseJson } from './json.js'

export interface Row {
  /** From 1: index in the list, line of the file, or record of the table below its header. */
  row: number
  /** The parsed value, or why parsing failed. */
  content: { value: unknown } | { problem: string }
}

/** Limit of one row: a question of a million characters in any script. (bytes) */
export const maxRowBytes = 4 * 2 ** 20

/** Limit of rows: items and their encoded prompts are kept in memory. */
export const maxRows = 1_000_000

/** The content of one row in JSON; null stands for one that is too long. `what`: how the file calls it, a line or a row. */
export function contentOf(bytes: Buffer | null, what: 'line' | 'row'): Row['content'] {
  if (bytes === null) return { problem: `the ${what} is longer than ${maxRowBytes} bytes` }
  // Replacement characters would silently change answers.
  if (!isUtf8(bytes)) return { problem: `the ${what} is no UTF-8` }
  try {
    return { value: parseJson(bytes.toString('utf8')) }
  } catch (error) {
    if (error instanceof UnfitJson) return { problem: `the ${what} holds ${error.message}` }
    if (!(error instanceof SyntaxError)) throw error
    return { problem: `the ${what} is no JSON (${error.message})` }
  }
}
