/** Training under a verifier of the user that throws for some responses and hangs for others. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { workplace } from '../../../activities/workplace.js'
import { readProgram } from '../../../pipelines/config/program.js'
import { tinyConfig } from '../../workflows/tiny.js'
import { resultOf, runExperiment } from '../driver.js'

test('a run that is cut at every activity has the bits of one that is not, unscored responses included', async () => {
  const homes = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'rlev-own-')))
  try {
    const verifier = join(homes[0] as string, 'verifier.ts')
    writeFileSync(
      verifier,
      `export const verify = ({ answer, reference }: { answer: string | null; reference: string }) => {
         if (answer === null) return false
         if (answer.endsWith('3')) throw new Error('ends with three')
         if (answer === '77') for (;;);
         return answer === reference ? true : answer.length === reference.length ? 0.25 : false
       }`,
    )
    const reward = {
      verifier: verifier as `${string}.ts`,
      verifierDigest: readProgram(verifier).digest,
      timeoutMs: 150,
    }
    const config = tinyConfig('own', { steps: 2, reward })
    const results = []
    for (const [index, home] of homes.entries()) {
      await runExperiment(workplace(home), config, { cold: index === 1 })
      results.push(resultOf(workplace(home), config))
    }
    const [whole, cut] = results
    assert.deepEqual(cut, whole)
    assert.ok((whole?.evaluations.at(-1)?.unscored ?? 0) > 0, 'some responses are unscored')
  } finally {
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  }
})
