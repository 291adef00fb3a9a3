/**
 * The file with all workflows that the build makes, and whether it is of the compiled workflows beside it. Plain JavaScript: the runner of
 * the tests looks too.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `build`: the compiled tree.
 * @param {string} build
 * @returns {string}
 */
export const bundleOf = build => join(build, 'workflow-bundle.js')

/**
 * False if there is no bundle, or one that is older than a workflow: after `tsc` alone.
 * @param {string} build
 * @returns {boolean}
 */
export function isBundleFresh(build) {
  const made = statSync(bundleOf(build), { throwIfNoEntry: false })?.mtimeMs
  if (made === undefined) return false
  const folder = join(build, 'workflows')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js'))
  return names.every(name => statSync(join(folder, name)).mtimeMs <= made)
}
