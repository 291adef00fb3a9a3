/**
 * JSON that carries the sha256 of its own body: `{"sha256":"...","body":...}`. A byte changed or a tail cut off is told
 * from a whole file without a second file beside it, so a small file needs no sync of its own to be safe to read.
 */
import { RlevError } from '../../pipelines/errors.js'
import { readIfThere, setAside, sha256 } from './files.js'

const opening = /^\{"sha256":"([0-9a-f]{64})","body":/
const openingLength = '{"sha256":"'.length + 64 + '","body":'.length
const closing = '}\n'

/** Throws NotFinite for a number that JSON would turn into null. */
export function seal(body: unknown): string {
  const text = JSON.stringify(body, (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new RlevError({
        kind: 'NotFinite',
        message: 'a number that is to be stored is not finite',
        place: key,
        found: String(value),
      })
    }
    return value
  })
  return `{"sha256":"${sha256(text)}","body":${text}${closing}`
}

/** The body, or ArtifactDamaged. `place` names the file in the error. */
export function unseal<T>(bytes: Uint8Array, place: string): T {
  const text = Buffer.from(bytes).toString('utf8')
  const expected = opening.exec(text)?.[1]
  const body = text.slice(openingLength, -closing.length)
  const found = sha256(body)
  if (expected === undefined || !text.endsWith(closing) || found !== expected) {
    throw new RlevError({
      kind: 'ArtifactDamaged',
      message: 'the file is not what was written',
      place,
      expected: expected === undefined ? 'a sealed JSON file' : `sha256 ${expected}`,
      found: `${bytes.length} bytes with sha256 ${found}`,
      remedy: 'move the file away and resume the run; it is made again from what is whole',
    })
  }
  return JSON.parse(body) as T
}

/** Null where there is none. Throws ArtifactDamaged. */
export function readSealed<T>(path: string): T | null {
  const bytes = readIfThere(path)
  return bytes === null ? null : unseal<T>(bytes, path)
}

/** Null where there is none or where it was damaged; a damaged one is set aside, for callers who can make it again. */
export function readSealedOrSetAside<T>(path: string): T | null {
  try {
    return readSealed<T>(path)
  } catch (error) {
    if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    setAside(path)
    return null
  }
}
