/**
 * A process that a fail point ends while it pushes: `node pusher.js run HOME ID` the files of an experiment, or
 * `node pusher.js file PATH SHA256 BYTES` one large file. Needs no TensorFlow.
 */
import { armFailPoints, failPointVariable } from '../../../../activities/fail-points/fail-point.js'
import { mirrorOf } from '../../../../activities/store/mirror/mirror.js'
import { storeAddress } from '../../../../activities/store/objects/address.js'
import { S3Objects } from '../../../../activities/store/objects/s3.js'

armFailPoints(process.env[failPointVariable])
const [, , kind, first = '', second = '', third = ''] = process.argv
if (kind === 'run') {
  const mirror = mirrorOf(first)
  await mirror?.take(second, { run: 'killed', activity: 1, attempt: 1 })
  await mirror?.push(second, { fenced: true })
} else {
  const address = storeAddress()
  if (address === undefined) throw new Error('no store')
  const objects = new S3Objects(address, { partBytes: 5 * 2 ** 20 })
  await objects.putFile('large', { path: first, sha256: second, bytes: Number(third) })
}
