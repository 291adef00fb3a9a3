/**
 * JSON that people read, with its sha256 in a file beside it, in the form of `sha256sum -c`. A plan and a config stay plain files, and
 * a changed byte is noticed before anything is computed with it.
 */
import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import { readIfThere, sha256, writeWhole } from './files.js'

export const digestBeside = (path: string): string => `${path}.sha256`

/** Writes the digest of the file. The file itself is written first. */
export function keepDigest(path: string): void {
  const bytes = readIfThere(path)
  if (bytes === null) return
  const line = `${sha256(bytes)}  ${basename(path)}\n`
  if (readIfThere(digestBeside(path))?.toString('utf8') !== line) writeWhole(digestBeside(path), line)
}

/** Removes the old digest first: a reader in between accepts the file without one. */
export function replaceDigested(path: string, content: string): void {
  rmSync(digestBeside(path), { force: true })
  writeWhole(path, content)
  keepDigest(path)
}

/** Null if the file is missing. Throws ArtifactDamaged if the digest beside it is not that of the file. */
export function readDigested(path: string): Buffer | null {
  const bytes = readIfThere(path)
  const expected = readIfThere(digestBeside(path))?.toString('utf8').slice(0, 64)
  if (bytes === null || expected === undefined || expected === sha256(bytes)) return bytes
  throw new RlevError({
    kind: 'ArtifactDamaged',
    message: 'the file is not what was written',
    place: path,
    expected: `sha256 ${expected}, as in ${basename(digestBeside(path))}`,
    found: `${bytes.length} bytes with sha256 ${sha256(bytes)}`,
    remedy:
      'move both files away and call `rlev run` or `rlev sweep` with the config again: they are written again, and the run goes on',
  })
}
