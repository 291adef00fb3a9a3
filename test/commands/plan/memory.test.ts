import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { memoryAtHand } from '../../../activities/machine/memory.js'
import { memoryLines, memoryOfPlan } from '../../../commands/plan/memory.js'
import type { DataSet } from '../../../pipelines/data/item.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { experimentConfig, experimentPlan, sweepPlan } from '../plans.js'

const { data: dataConfig } = experimentConfig('any')
const data: DataSet = await prepareData(dataConfig, { seed: 1 })
afterEach(() => {
  delete process.env['RLEV_MEMORY_GIB']
})

test('the memory of a sweep is that of its largest arm', async () => {
  const plan = sweepPlan('exam')
  const [first, second] = plan.arms
  assert.ok(first !== undefined && second !== undefined)
  const large = experimentConfig('exam', {
    rollout: { prompts: 256, maxTokens: 64, chunk: 2048 },
    update: { microBatch: 2048 },
  })
  const memory = await memoryOfPlan({ ...plan, arms: [first, { name: 'large', config: large }] }, data)
  assert.ok(memory !== null)
  const { arm, phase } = memory
  assert.deepEqual([arm, phase], ['large', 'update'])
})

test('a checkpoint is measured by its config.json and its tokenizer, and one without is refused', async () => {
  const checkpoint = (path: string) => experimentPlan('one', { policy: { from: 'checkpoint', path } })
  assert.equal((await memoryOfPlan(checkpoint('test/fixtures/qwen2-tiny'), data))?.weights, 170_816)
  await assert.rejects(memoryOfPlan(checkpoint('/nowhere'), data), /\/nowhere\/config\.json[\s\S]*no such file/)
})

test('what an adapter trains is told beside the weights, and a shortage with what would help', async () => {
  process.env['RLEV_MEMORY_GIB'] = '0.1'
  const memory = await memoryOfPlan(experimentPlan('one', { update: { adapter: { rank: 4 } } }), data)
  assert.ok(memory !== null)
  assert.equal(memory.atHand.fit, 'does not fit')
  const lines = memoryLines(memory, false)
  assert.match(lines[0] ?? '', /policy: 100\.0k weights, .*none but the .* of its adapter/)
  assert.match(
    lines[1] ?? '',
    /memory: about .* a policy worker, in the warm start .*0\.10 GiB at hand by RLEV_MEMORY_GIB/,
  )
  assert.match(lines[2] ?? '', /warning: it does not fit: .*warmStart\.batch/)
})

test('memory at hand is some of this machine, or what the environment says', () => {
  assert.ok(memoryAtHand({ onCard: false }).bytes > 2 ** 27)
  process.env['RLEV_MEMORY_GIB'] = '12'
  assert.deepEqual(memoryAtHand({ onCard: true }), { bytes: 12 * 2 ** 30, of: 'RLEV_MEMORY_GIB' })
  process.env['RLEV_MEMORY_GIB'] = 'much'
  assert.throws(() => memoryAtHand({ onCard: false }), /RLEV_MEMORY_GIB[\s\S]*"much"/)
})
