/**
 * JSON with the sha256 of its body: `{"sha256":"...","body":...}`, or with a label that says what it is, which the digest also covers:
 * `{"sha256":"...","of":"rollout of step 3, ...","body":...}`. A changed byte, a missing tail, or the file of another step or experiment
 * in its place is detected without a second file, so a small file is safe to read even if it was not synced.
 */
import { createHash } from 'node:crypto'
import { RlevError } from '../../pipelines/errors.js'
import { isCode, readIfThere, setAside, sha256 } from './files.js'

const opening = /^\{"sha256":"([0-9a-f]{64})",(?:"of":("[^"\\]*"),)?"body":/
const closing = '}\n'
const maxOpeningBytes = 512

/** `of`: the label, in printable ASCII. Throws NotFinite for a number that JSON would turn into null. */
export function seal(body: unknown, of?: string): string {
  const text = JSON.stringify(body)
  // Most files have no null, and then every number of theirs is finite.
  if (text.includes('null')) refuseNotFinite(body, '')
  if (of === undefined) return `{"sha256":"${sha256(text)}","body":${text}${closing}`
  const label = JSON.stringify(of)
  const digest = createHash('sha256').update(label).update(text).digest('hex')
  return `{"sha256":"${digest}","of":${label},"body":${text}${closing}`
}

function refuseNotFinite(value: unknown, key: string | number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RlevError({
      kind: 'NotFinite',
      message: 'a number that is to be stored is not finite',
      place: String(key),
      found: String(value),
    })
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) refuseNotFinite(value[index], index)
  } else {
    for (const name of Object.keys(value)) refuseNotFinite((value as Record<string, unknown>)[name], name)
  }
}

/**
 * The body's bytes. Throws ArtifactDamaged. `place` names the file in the error; `of` is the label that it must have. A file without a
 * label is checked by its digest alone.
 */
export function bodyOf(bytes: Uint8Array, place: string, of?: string): Buffer {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // latin1 has one character a byte, so that lengths agree. The digest is of bytes: different ones may decode to the same text.
  const [head = '', expected, label] = opening.exec(whole.toString('latin1', 0, maxOpeningBytes)) ?? []
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
      message: 'the file is whole, but belongs to something else',
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

/** Null if the file is missing. Throws ArtifactDamaged. */
export function readSealed<T>(path: string, of?: string): T | null {
  const bytes = sealedBytes(path)
  return bytes === null ? null : unseal<T>(bytes, path, of)
}

/** The file's bytes; null if it is missing. Throws ArtifactDamaged for a folder in its place. */
export function sealedBytes(path: string): Buffer | null {
  try {
    return readIfThere(path)
  } catch (error) {
    if (!isCode(error, 'EISDIR')) throw error
    throw damaged({ message: 'the file is not what was written', place: path, expected: 'a file', found: 'a folder' })
  }
}

/** Null if the file is missing or damaged. A damaged one is set aside: the callers can make it again. */
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
