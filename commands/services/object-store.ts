/** The object store that `RLEV_STORE` names, as `up` and `doctor` test it: whether it answers, and whether it keeps its conditions. */
import { storeAddress } from '../../activities/store/objects/address.js'

/**
 * The address of the store after its test; undefined if the home is a folder alone.
 * @throws RlevError CallInvalid for a store without conditions, ServiceUnavailable for one that does not answer.
 */
export async function checkStore(): Promise<string | undefined> {
  const address = storeAddress()
  if (address === undefined) return undefined
  // The SDK takes a quarter of a second to load.
  const [{ S3Objects }, { checkConditions }] = await Promise.all([
    import('../../activities/store/objects/s3.js'),
    import('../../activities/store/objects/conditions.js'),
  ])
  const store = new S3Objects(address, { attempts: 4 })
  await checkConditions(store)
  return store.address
}
