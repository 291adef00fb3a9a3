/** A look at one sealed file: its digest, what it is of, and, where asked, what its body says. */
import { bodyOf, sealedBytes } from '../../activities/store/sealed.js'
import { type Finding, findingOf, nothing, type Tally } from './finding.js'

export interface SealedFile<Body> {
  path: string
  /** What it must be of. */
  label?: string
  remedy: string
  /** Called with the body of a whole file. */
  check?: (body: Body) => Finding[]
}

/** A file that is not there is no finding of this look. */
export function lookAtSealed<Body>({ path, label, remedy, check }: SealedFile<Body>): Tally {
  try {
    const bytes = sealedBytes(path)
    if (bytes === null) return nothing
    const body = bodyOf(bytes, path, label)
    const findings = check === undefined ? [] : check(JSON.parse(body.toString('utf8')) as Body)
    return { findings, files: 1, bytes: bytes.length }
  } catch (error) {
    return { findings: [findingOf(error, { place: path, remedy })], files: 1, bytes: 0 }
  }
}
