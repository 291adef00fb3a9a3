/**
 * `RLEV_STORE=s3://bucket/prefix`: where a home keeps what machines share. It says a place and no secret: the endpoint and the keys come
 * from the usual variables of AWS (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
 * `AWS_PROFILE`), which the SDK reads.
 */
import { RlevError } from '../../../pipelines/errors.js'

export const storeVariable = 'RLEV_STORE'

export interface StoreAddress {
  bucket: string
  /** Without slashes at its ends; may be empty. */
  prefix: string
}

const form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w.=-]+(?:\/[\w.=-]+)*))?\/?$/

/** Undefined if the variable is empty or absent: the home is a folder alone. Throws CallInvalid. */
export function storeAddress(environment: NodeJS.ProcessEnv = process.env): StoreAddress | undefined {
  const stated = environment[storeVariable]?.trim() ?? ''
  if (stated === '') return undefined
  const [, bucket, prefix = ''] = form.exec(stated) ?? []
  if (bucket !== undefined && !prefix.split('/').some(part => part === '.' || part === '..')) return { bucket, prefix }
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the address of the store cannot be read',
    place: storeVariable,
    expected: 's3://BUCKET or s3://BUCKET/PREFIX; endpoint and keys by the variables of AWS, not in it',
    found: JSON.stringify(stated),
    remedy: `correct ${storeVariable}, or unset it: the home is then a folder of this machine alone`,
  })
}

export function addressText({ bucket, prefix }: StoreAddress): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
}
