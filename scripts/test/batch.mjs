/**
 * The process of a batch: several test files in one, because TensorFlow and Temporal's packages take a second of CPU time
 * to load. Each file is a suite, so that its hooks are its own and its tests are counted for it.
 *
 *   node scripts/test/batch.mjs FOLDER FILE...   the suites are named by the paths from the folder
 */

import { relative } from 'node:path'
import { after, before, describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { cpuMilliseconds, cpuOfFiles } from './cpu-time.mjs'

const [folder, ...files] = process.argv.slice(2)
for (const file of files) {
  const name = relative(folder, file)
  describe(name, async () => {
    let began = 0
    before(() => {
      began = cpuMilliseconds()
    })
    await import(pathToFileURL(file).href)
    // After the hooks of the file.
    after(() => cpuOfFiles.set(name, cpuMilliseconds() - began))
  })
}
