/** `hf:owner/name@revision/path` as its parts. */
import { RlevError } from '../../pipelines/errors.js'

export interface HubParts {
  /** `owner/name`. */
  repo: string
  /** Branch, tag or commit. */
  revision: string
  /** A file of a data set, or a folder of a model; null without one. */
  path: string | null
}

const part = '[A-Za-z0-9][A-Za-z0-9._-]*'
const form = new RegExp(`^hf:(?<repo>${part}/${part})(?:@(?<revision>[^/@\\s]+))?(?:/(?<path>[^\\s].*))?$`)

/** A branch whose name has a slash is written with %2F. Throws ConfigInvalid. */
export function hubPartsOf(text: string, place: string): HubParts {
  const found = form.exec(text)?.groups
  const revision = decoded(found?.['revision'] ?? 'main')
  const path = found?.['path']?.replace(/\/+$/, '') ?? null
  if (found?.['repo'] !== undefined && isSafe(revision) && (path === null || isSafe(path))) {
    return { repo: found['repo'], revision, path }
  }
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: 'this is not a name of the Hugging Face hub',
    place,
    expected: 'hf:owner/name, hf:owner/name@revision, or hf:owner/name@revision/path/in/it',
    found: text,
    remedy: 'copy owner and name from the address of the model or data set',
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Refused as it is written.
    return '..'
  }
}

/** Whether a path of the hub stays inside the folder that it is written to. */
export function isSafe(path: string): boolean {
  return !/[\\\p{Cc}]/u.test(path) && path.split('/').every(segment => !['', '.', '..'].includes(segment))
}
