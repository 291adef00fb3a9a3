import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { readArchitecture, scratchArchitecture, writeArchitecture } from '../../../pipelines/policy/architecture.js'
import { tinyConfig } from './tiny-policy.js'

const file = JSON.parse(readFileSync('test/fixtures/qwen2-tiny/config.json', 'utf8')) as Record<string, unknown>

function refused(content: unknown, words: RegExp): void {
  assert.throws(
    () => readArchitecture(content, 'config.json'),
    (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid' && words.test(error.message),
  )
}

test("the base of the rotary positions is read from today's key and from the one before it", () => {
  const { rope_parameters: _today, ...older } = file
  assert.equal(readArchitecture(file, 'config.json').rotary.theta, 1e6)
  assert.equal(readArchitecture({ ...older, rope_theta: 5e5 }, 'config.json').rotary.theta, 5e5)
})

test('an architecture is written as it is read', () => {
  const architecture = readArchitecture(file, 'config.json')
  const written = writeArchitecture(architecture, { padId: 0, eosIds: [2] })
  assert.deepEqual(readArchitecture(JSON.parse(JSON.stringify(written)), 'config.json'), architecture)
  assert.equal(written['eos_token_id'], 2)
  assert.deepEqual(writeArchitecture(architecture, { padId: 0, eosIds: [2, 0] })['eos_token_id'], [2, 0])
})

test('what the decoder does not do is refused by its key', () => {
  refused({ ...file, model_type: 'mamba' }, /`model_type`[\s\S]*mamba/)
  refused({ ...file, hidden_act: 'gelu' }, /`hidden_act`/)
  refused(
    { ...file, rope_parameters: { rope_type: 'yarn', rope_theta: 1e6 } },
    /`rope_parameters.rope_type`[\s\S]*yarn/,
  )
  refused({ ...file, rope_scaling: { type: 'linear', factor: 2 } }, /`rope_scaling`/)
  refused({ ...file, use_sliding_window: true }, /`use_sliding_window`/)
  refused({ ...file, layer_types: ['sliding_attention'] }, /`layer_types`/)
  refused({ ...file, quantization_config: { quant_method: 'gptq' } }, /`quantization_config`/)
  refused({ ...file, hidden_size: 'many' }, /hidden_size/)
  refused({ ...file, num_key_value_heads: 3 }, /divisor of 4/)
})

test('heads that do not divide the width, or of an odd width, are refused before anything is made', () => {
  const { policy } = tinyConfig()
  assert.ok(policy.from === 'scratch')
  for (const wrong of [{ heads: 3, keyValueHeads: 3 }, { heads: 16, keyValueHeads: 16 }, { keyValueHeads: 3 }]) {
    assert.throws(
      () => scratchArchitecture({ ...policy, ...wrong }, 20),
      (error: unknown) => error instanceof RlevError && error.kind === 'ConfigInvalid',
    )
  }
})
