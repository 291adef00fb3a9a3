/** Workers and threads by size, on a policy that takes no time. */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { sizeOf } from '../../../scripts/bench/sizes.js'
import { measureThreads, tableOfThreads } from '../../../scripts/bench/threads.js'

test('both ways take steps in separate processes, and the table compares them', async () => {
  const size = { ...sizeOf('tiny'), width: 16, mlpWidth: 24, prompts: 2, samples: 2, completionTokens: 4 }
  const lines: string[] = []
  const policies = [{ size, seconds: 0.1, expected: 5 }]
  const measured = await measureThreads({ rounds: 1, policies, say: line => lines.push(line) })
  assert.match(lines.join('\n'), /^threads: some seconds on an idle machine[\s\S]*0\.0\d+ M parameters/)
  const [round] = measured[0]?.rounds ?? []
  assert.ok(round !== undefined && round.one.speed > 0 && round.many.speed > 0)
  const table = tableOfThreads(measured)
  assert.deepEqual(table.head.slice(0, 3), ['parameters, M', 'one worker', `${availableParallelism()} workers`])
  assert.match(table.rows[0]?.[3] ?? '', /^\d+\.\d\d \(\d/)
})
