/** Errors of a disk that cannot be written: they name the place, and pass when somebody makes room. */
import { statfsSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'

const remedies: Readonly<Record<string, { message: string; remedy: string }>> = {
  ENOSPC: { message: 'the disk is full', remedy: 'make room on it; a running experiment tries again every minute' },
  EDQUOT: {
    message: 'the quota on this disk is used up',
    remedy: 'make room or raise the quota; a running experiment tries again every minute',
  },
  EROFS: {
    message: 'the file system is read-only',
    remedy: 'mount it for writing; a running experiment tries again every minute',
  },
}

/** NoStorage at `place` for an error of a disk that is full, over its quota or read-only; every other error as it is. */
export function asStorageError(error: unknown, place: string): unknown {
  if (!(error instanceof Error && 'code' in error)) return error
  const known = remedies[String(error.code)]
  if (known === undefined) return error
  return new RlevError({
    kind: 'NoStorage',
    message: known.message,
    place,
    expected: 'a file system that can be written to',
    found: `${error.message}${roomAt(place)}`,
    remedy: known.remedy,
    cause: error,
  })
}

/** `; 0.1 of 1.0 MB free`, of the nearest folder that exists. */
function roomAt(place: string): string {
  if (!isAbsolute(place)) return ''
  try {
    const { bavail, blocks, bsize } = statfsSync(place)
    const megabytes = (count: number) => ((count * bsize) / 1e6).toFixed(1)
    return `; ${megabytes(bavail)} of ${megabytes(blocks)} MB free`
  } catch {
    // The file does not exist yet; its folder may.
    return dirname(place) === place ? '' : roomAt(dirname(place))
  }
}
