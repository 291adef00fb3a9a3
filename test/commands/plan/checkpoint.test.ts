/** What `plan` finds out about a checkpoint that the run would otherwise find out, or not at all. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkpointFindings } from '../../../commands/plan/checkpoint.js'
import type { Item } from '../../../pipelines/data/item.js'
import { experimentPlan } from '../plans.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-planned-checkpoint-'))
after(() => rmSync(root, { recursive: true }))

function checkpoint(change: (folder: string) => void = () => {}): string {
  const folder = mkdtempSync(join(root, 'folder-'))
  cpSync('test/fixtures/qwen2-tiny', folder, { recursive: true })
  change(folder)
  return folder
}

function rewritten(folder: string, name: string, change: Record<string, unknown>): void {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }))
}

const item = {
  id: 'first',
  prompt: '12+34=',
  answer: '46',
  section: 'a',
  exam: 'e',
  points: 1,
  total: 2,
} as unknown as Item

const check = (path: string, rollout: object = {}) =>
  checkpointFindings({
    plan: experimentPlan('one', { policy: { from: 'checkpoint', path }, rollout }),
    data: { train: [item], test: [item] },
    report: () => {},
  })

test('a sound checkpoint has nothing to be said of', async () => {
  assert.deepEqual(await check(checkpoint()), [])
})

test('a policy made from scratch has no checkpoint to look at', async () => {
  const data = { train: [item], test: [item] }
  assert.deepEqual(await checkpointFindings({ plan: experimentPlan('one'), data, report: () => {} }), [])
})

test('a weight that is not a number is refused before the run, with the file, the tensor and its position', async () => {
  const path = checkpoint(folder => {
    const file = join(folder, 'model.safetensors')
    const bytes = readFileSync(file)
    // The last number of the last tensor: NaN in every float type.
    bytes.fill(0xff, bytes.length - 4)
    writeFileSync(file, bytes)
  })
  await assert.rejects(
    check(path),
    /model\.safetensors, tensor \S+: a weight is not a finite number[\s\S]*found: {4}NaN at position \d+/,
  )
})

test('an end token beyond the vocabulary is refused, also one of generation_config.json', async () => {
  const inConfig = checkpoint(folder => {
    rewritten(folder, 'config.json', { eos_token_id: 99_999 })
    rewritten(folder, 'generation_config.json', { eos_token_id: [] })
  })
  await assert.rejects(check(inConfig), /end-of-sequence token is missing|outside the vocabulary/)
  const inGeneration = checkpoint(folder => rewritten(folder, 'generation_config.json', { eos_token_id: [1, 99_999] }))
  await assert.rejects(
    check(inGeneration),
    /generation_config\.json, eos_token_id[\s\S]*outside the vocabulary[\s\S]*from 0 to 639[\s\S]*99999/,
  )
})

test('prompt and response together may not be longer than max_position_embeddings', async () => {
  const path = checkpoint(folder => rewritten(folder, 'config.json', { max_position_embeddings: 8 }))
  await assert.rejects(
    check(path, { maxTokens: 14 }),
    /at most 8 tokens[\s\S]*item first: \d+ tokens of its prompt and rollout\.maxTokens 14/,
  )
  assert.deepEqual(await check(path, { maxTokens: 1 }), [])
  // A further test set is answered by the same model.
  const far = { ...item, id: 'far', prompt: '12+34+56+78=' }
  const plan = experimentPlan('one', { policy: { from: 'checkpoint', path }, rollout: { maxTokens: 1 } })
  await assert.rejects(
    checkpointFindings({ plan, data: { train: [item], test: [item], transfer: { long: [far] } }, report: () => {} }),
    /item far: \d+ tokens of its prompt/,
  )
})
