/** A reporter of node:test: one line of JSON for each suite of the top level, which is a test file of the batch. */

import { cpuOfFiles } from './cpu-time.mjs'

/**
 * @typedef {{ name: string, tests: number, milliseconds: number, cpuMilliseconds: number, passed: boolean }} FileResult
 * @param {AsyncIterable<{ type: string, data: any }>} source
 */
export default async function* reportFiles(source) {
  let tests = 0
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details.type !== 'suite') tests++
    if (data.nesting > 0) continue
    const result = {
      name: data.name,
      tests,
      milliseconds: data.details.duration_ms,
      cpuMilliseconds: cpuOfFiles.get(data.name) ?? 0,
      passed: type === 'test:pass',
    }
    yield `${JSON.stringify(result)}\n`
    tests = 0
  }
}
