/**
 * Places in compiled modules as places in their sources. Node does it too (--enable-source-maps), but reads the maps of all modules and
 * packages at each start, also those of processes that tests start: a sixth of the time of an engine process.
 */

import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, relative } from 'node:path'

/** @param {string} output of tests, with stacks */
export function withSources(output) {
  /** @type {Map<string, SourceMap | null>} */
  const maps = new Map()
  return output.replace(/(?:file:\/\/)?(\/[^\s():]+\.js):(\d+):(\d+)/g, (place, path, line, column) => {
    if (!maps.has(path)) maps.set(path, mapOf(path))
    // Both count from 0.
    const found = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (found === undefined || !('originalSource' in found)) return place
    const source = join(dirname(path), found.originalSource)
    return `${relative('', source)}:${found.originalLine + 1}:${found.originalColumn + 1}`
  })
}

/** null if there is none. */
function mapOf(path) {
  const file = `${path}.map`
  if (!existsSync(file)) return null
  return new SourceMap(JSON.parse(readFileSync(file, 'utf8')))
}
