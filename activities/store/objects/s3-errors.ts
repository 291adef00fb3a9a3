/** What an S3 server said, sorted: may the request be sent again, did a condition fail, or is it an error for a person. */
import type { S3ServiceException } from '@aws-sdk/client-s3'
import { RlevError } from '../../../pipelines/errors.js'

/** `refused`: a condition did not hold. `conflict`: somebody else writes the key at this moment. `lost`: no answer; it may have been done. */
export type Answer = 'missing' | 'refused' | 'conflict' | 'busy' | 'lost' | 'other'

const statusOf = (error: unknown): number | undefined => (error as S3ServiceException).$metadata?.httpStatusCode
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error))

/** Of the connection: the request may have arrived. */
const broken = /ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket|hang up|Timeout|aborted/i

export function answerOf(error: unknown): Answer {
  const name = nameOf(error)
  const status = statusOf(error)
  // An answer to HEAD has no body, and so no name.
  const isNameless = name === 'Unknown' || name === 'UnknownError'
  if (name === 'ConditionalRequestConflict' || name === 'OperationAborted') return 'conflict'
  if (status === 409 && isNameless) return 'conflict'
  if (name === 'PreconditionFailed' || status === 412) return 'refused'
  if (name === 'NoSuchKey' || name === 'NotFound' || name === 'NoSuchUpload') return 'missing'
  if (name === 'SlowDown' || name === 'RequestTimeTooSkewed' || status === 429 || status === 503) return 'busy'
  if (status === undefined) return isBroken(error) ? 'lost' : 'other'
  // 500 and 502 and 504 come from something in between as well: the store may have done it.
  return status >= 500 && status !== 501 && status !== 507 ? 'lost' : 'other'
}

function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return broken.test(code) || broken.test(error.name) || broken.test(error.message)
}

const noCredentials = new Set(['CredentialsProviderError', 'NoAuthMethod'])
const badCredentials = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'AuthorizationHeaderMalformed',
  'Forbidden',
])

/** The error for a person. `tries`: how often it was sent. */
export function storeError(error: unknown, place: string, tries: number): RlevError {
  const name = nameOf(error)
  const found = `${name}: ${error instanceof Error ? error.message : String(error)}`
  const status = statusOf(error)
  const parts = { place, found, cause: error }
  if (noCredentials.has(name)) {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'there are no keys for the object store',
      ...parts,
      expected: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, in the environment',
      remedy: 'set them in the environment of this command and of the workers, then `rlev down` and `rlev up`',
    })
  }
  if (badCredentials.has(name) || status === 401 || status === 403) {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the object store refuses these keys',
      ...parts,
      expected: 'keys that may list, read, write and delete under this address',
      remedy:
        'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and the rights of the keys, and the clock of this machine',
    })
  }
  if (name === 'NoSuchBucket') {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the object store has no such bucket',
      ...parts,
      remedy: 'make the bucket, or correct RLEV_STORE or AWS_ENDPOINT_URL',
    })
  }
  if (status === 507 || /quota|NoSpace|StorageFull|XMinioStorageFull/i.test(name)) {
    return new RlevError({
      kind: 'NoStorage',
      message: 'the object store is full',
      ...parts,
      remedy: 'make room in it (`rlev gc`) or raise its quota; a running experiment tries again every minute',
    })
  }
  if (answerOf(error) === 'other' && status !== undefined) {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the object store does not accept the request',
      ...parts,
      expected: 'an S3 server with conditional writes (docs/object-store.md)',
      remedy: 'see whether AWS_ENDPOINT_URL names an S3 server, and `rlev doctor`',
    })
  }
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the object store does not answer',
    ...parts,
    expected: `an answer within ${tries} tries`,
    remedy: 'see whether it runs and AWS_ENDPOINT_URL is right; a running experiment waits for it',
  })
}
