/** The JSON files of a checkpoint or an adapter, as whoever made it has left them. */
import { RlevError } from '../errors.js'
import { parseBoundedJson } from './bounded-json.js'
import { readRegularFile, TooLongFile } from './regular-file.js'

/** JSON can take a hundred times its length when it is parsed, so a longer file is not looked at. */
export const longestJson = 2 ** 22

/** A vocabulary of 250,000 tokens with its merges has two million values; a config a hundred, a few deep. */
const bounds = { depth: 50, values: 4_000_000 }

/** Throws CheckpointInvalid, naming the file; `form` is what should be there. */
export function readJson(
  path: string,
  { form = 'a checkpoint folder in Hugging Face form', longest = longestJson } = {},
): unknown {
  const text = readText(path, form, longest)
  try {
    return parseBoundedJson(text, bounds)
  } catch (cause) {
    throw invalid(path, 'not JSON', { expected: form, found: (cause as Error).message, cause })
  }
}

/** The same for a file that holds one object. */
export function readJsonObject(path: string, options: { longest?: number } = {}): Readonly<Record<string, unknown>> {
  const value = readJson(path, options)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(path, 'not an object in JSON', { expected: 'keys with values', found: typeof value })
}

/** A text file beside them. Throws CheckpointInvalid. */
export function readText(path: string, form: string, longest: number): string {
  try {
    return readRegularFile(path, { most: longest }).toString('utf8')
  } catch (cause) {
    const tooLong = cause instanceof TooLongFile
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw invalid(path, `the file ${tooLong ? 'is too long' : missing ? 'is missing' : 'cannot be read'}`, {
      expected: tooLong ? `at most ${longest} bytes` : form,
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
