/** The JSON files of a checkpoint or an adapter, which are untrusted. */
import { RlevError } from '../errors.js'
import { parseBoundedJson } from './bounded-json.js'
import { readRegularFile, TooLongFile } from './regular-file.js'

/** Parsed JSON can need a hundred times its length, so a longer file is refused. (bytes) */
export const maxJsonBytes = 2 ** 22

/** A vocabulary of 250,000 tokens with its merges has two million values. A config has about a hundred, with few levels. */
const bounds = { depth: 50, values: 4_000_000 }

/** Throws CheckpointInvalid with the file's path. `form` describes what is expected. */
export function readJson(
  path: string,
  { form = 'a checkpoint folder in Hugging Face form', maxBytes = maxJsonBytes } = {},
): unknown {
  const text = readText(path, form, maxBytes)
  try {
    return parseBoundedJson(text, bounds)
  } catch (cause) {
    throw invalid(path, 'not JSON', { expected: form, found: (cause as Error).message, cause })
  }
}

/** The same for a file with one object. */
export function readJsonObject(path: string, options: { maxBytes?: number } = {}): Readonly<Record<string, unknown>> {
  const value = readJson(path, options)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(path, 'not an object in JSON', { expected: 'keys with values', found: typeof value })
}

/** A text file of the folder. Throws CheckpointInvalid. */
export function readText(path: string, form: string, maxBytes: number): string {
  try {
    return readRegularFile(path, { maxBytes }).toString('utf8')
  } catch (cause) {
    const tooLong = cause instanceof TooLongFile
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw invalid(path, `the file ${tooLong ? 'is too long' : missing ? 'is missing' : 'cannot be read'}`, {
      expected: tooLong ? `at most ${maxBytes} bytes` : form,
      found: missing ? 'no such file' : (cause as Error).message,
      cause,
    })
  }
}

function invalid(
  place: string,
  message: string,
  parts: { expected: string; found: string; cause?: unknown },
): RlevError {
  return new RlevError({ kind: 'CheckpointInvalid', message, place, ...parts, remedy: 'check the path and its files' })
}
