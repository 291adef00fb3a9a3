/** The Node that runs: checked before anything else, for everything else is run by it. */

import { PartError } from './part-error.mjs'

export function checkNode({ versions }, found = process.versions.node) {
  const [major, minor] = found.split('.').map(Number)
  const [leastMajor, leastMinor] = versions.node.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return
  throw new PartError({
    message: 'Node is too old',
    expected: `${versions.node} or later`,
    found: found,
    remedy: "install a current Node (nodejs.org, or your system's packages)",
  })
}
