/** The JSON files of a checkpoint or an adapter, as whoever made it has left them. */
import { readFileSync, statSync } from 'node:fs'
import { RlevError } from '../errors.js'

/** JSON can take a hundred times its length when it is parsed, so a longer file is not looked at. */
export const longestJson = 2 ** 22

/** Throws CheckpointInvalid, naming the file; `form` is what should be there. */
export function readJson(
  path: string,
  { form = 'a checkpoint folder in Hugging Face form', longest = longestJson } = {},
): unknown {
  const text = readText(path, form, longest)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(path, 'not JSON', { expected: form, found: (cause as Error).message, cause })
  }
}

function readText(path: string, form: string, longest: number): string {
  try {
    const { size } = statSync(path)
    if (size <= longest) return readFileSync(path, 'utf8')
    throw invalid(path, 'the file is too long', { expected: `at most ${longest} bytes`, found: `${size} bytes` })
  } catch (cause) {
    if (cause instanceof RlevError) throw cause
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw invalid(path, missing ? 'the file is missing' : 'the file cannot be read', {
      expected: form,
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
