/** A short drill on real services, as a test: what its harness says goes into the test's output. */
import assert from 'node:assert/strict'
import type { Drill } from '../../scripts/drill/drill.js'
import type { DrillResult } from '../../scripts/drill/result.js'

export async function short(
  run: Drill,
  t: { diagnostic(line: string): void },
  { places = 1000 }: { places?: number } = {},
): Promise<DrillResult> {
  const lines: string[] = []
  const result = await run({
    seed: 1,
    kills: 10,
    config: null,
    temporal: null,
    cases: null,
    server: null,
    places,
    short: true,
    say: line => lines.push(line),
  })
  for (const line of lines) t.diagnostic(line)
  assert.deepEqual(result.failures, [])
  assert.equal(result.passed, true)
  return result
}
