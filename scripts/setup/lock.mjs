/** One set-up at a time for each part of a cache, and for what is made in a checkout. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'

export { withLockFile as withLock } from '../../commands/services/lock-file.mjs'

/** For what is made in the checkout and not in the cache; the file lies in the cache because `npm ci` empties node_modules. */
export function checkoutLock({ root, cache }, report) {
  const name = `checkout-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.lock`
  return { file: join(cache, 'locks', name), onWait: () => report('waiting for another set-up of this checkout') }
}
