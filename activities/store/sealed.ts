/**
 * JSON that carries the sha256 of its own body: `{"sha256":"...","body":...}`, or with what it is of, which the digest covers too:
 * `{"sha256":"...","of":"rollout of step 3, ...","body":...}`. A byte changed, a tail cut off, or the whole file of another step
 * or experiment in its place is told from the right one without a second file beside it, so a small file needs no sync of its
 * own to be safe to read.
 */
import { createHash } from 'node:crypto'
import { RlevError } from '../../pipelines/errors.js'
import { isCode, readIfThere, setAside, sha256 } from './files.js'

const opening = /^\{"sha256":"([0-9a-f]{64})",(?:"of":("[^"\\]*"),)?"body":/
const closing = '}\n'
/** Of an opening, in bytes. */
const longestOpening = 512

/** `of`: what the body is, in printable ASCII. Throws NotFinite for a number that JSON would turn into null. */
export function seal(body: unknown, of?: string): string {
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
  if (of === undefined) return `{"sha256":"${sha256(text)}","body":${text}${closing}`
  const label = JSON.stringify(of)
  return `{"sha256":"${sha256(label + text)}","of":${label},"body":${text}${closing}`
}

/**
 * The body's bytes, or ArtifactDamaged. `place` names the file in the error; `of` is what it must be. A file that does not say
 * what it is of is taken by its digest alone.
 */
export function bodyOf(bytes: Uint8Array, place: string, of?: string): Buffer {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // One character a byte, so that lengths are the same; the digest is of bytes, for different ones may be read as the same text.
  const [head = '', expected, label] = opening.exec(whole.toString('latin1', 0, longestOpening)) ?? []
  const body = whole.subarray(head.length, -closing.length)
  const found = createHash('sha256')
    .update(label ?? '')
    .update(body)
    .digest('hex')
  if (expected === undefined || !whole.subarray(-closing.length).equals(Buffer.from(closing)) || found !== expected) {
    throw damaged({
      message: 'the file is not what was written',
      place,
      expected: expected === undefined ? 'a sealed JSON file' : `sha256 ${expected}`,
      found: `${bytes.length} bytes with sha256 ${found}`,
    })
  }
  if (of !== undefined && label !== undefined && label !== JSON.stringify(of)) {
    throw damaged({
      message: 'the file is whole, and another one than belongs here',
      place,
      expected: of,
      found: label.slice(1, -1),
    })
  }
  return body
}

/** The body, or ArtifactDamaged. */
export function unseal<T>(bytes: Uint8Array, place: string, of?: string): T {
  return JSON.parse(bodyOf(bytes, place, of).toString('utf8')) as T
}

/** Null where there is none. Throws ArtifactDamaged. */
export function readSealed<T>(path: string, of?: string): T | null {
  const bytes = sealedBytes(path)
  return bytes === null ? null : unseal<T>(bytes, path, of)
}

/** The file as it is, null where there is none. Throws ArtifactDamaged for a folder in its place. */
export function sealedBytes(path: string): Buffer | null {
  try {
    return readIfThere(path)
  } catch (error) {
    if (!isCode(error, 'EISDIR')) throw error
    throw damaged({ message: 'the file is not what was written', place: path, expected: 'a file', found: 'a folder' })
  }
}

/** Null where there is none or where it was damaged; a damaged one is set aside, for callers who can make it again. */
export function readSealedOrSetAside<T>(path: string, of?: string): T | null {
  try {
    return readSealed<T>(path, of)
  } catch (error) {
    if (!(error instanceof RlevError && error.kind === 'ArtifactDamaged')) throw error
    setAside(path)
    return null
  }
}

function damaged(parts: { message: string; place: string; expected: string; found: string }): RlevError {
  return new RlevError({
    kind: 'ArtifactDamaged',
    ...parts,
    remedy: 'move the file away and resume the run; it is made again from what is whole',
  })
}
