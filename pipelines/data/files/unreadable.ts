/** The error of a data file that is refused as a whole, before or instead of its rows. */
import { RlevError } from '../../errors.js'

export interface Unreadable {
  place: string
  /** What the file is, or what is wrong with it. */
  found: string
  remedy?: string
  cause?: unknown
}

export function unreadable({ place, found, remedy = 'correct the file', cause }: Unreadable): RlevError {
  return new RlevError({
    kind: 'DataInvalid',
    message: 'the data file cannot be read',
    place,
    expected:
      'a JSON list of objects, one JSON object a line, a table with a header (commas, tabs or semicolons), or Parquet; text in UTF-8; gzip and zstd are unpacked',
    found,
    remedy,
    cause,
  })
}
