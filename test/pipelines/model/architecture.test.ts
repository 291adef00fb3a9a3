import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readArchitecture, writeArchitecture } from '../../../pipelines/checkpoint/architecture-file.js'
import { RlevError } from '../../../pipelines/errors.js'
import { type Architecture, scratchArchitecture } from '../../../pipelines/model/architecture.js'
import { rotaryFrequencies } from '../../../pipelines/model/rotary-frequencies.js'
import { tensorShapes } from '../../../pipelines/model/tensor-shapes.js'
import { tinyConfig } from './tiny-policy.js'

type Content = Record<string, unknown>

const qwen2 = JSON.parse(readFileSync('test/fixtures/qwen2-tiny/config.json', 'utf8')) as Content
const { rope_parameters: _today, ...older } = qwen2
const qwen3: Content = { ...qwen2, model_type: 'qwen3', head_dim: 32 }
const llama: Content = { ...older, model_type: 'llama', rope_theta: 5e5 }
const llama3 = {
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 256,
}

const read = (content: unknown): Architecture => readArchitecture(content, 'config.json')

function refused(content: unknown, words: RegExp): void {
  assert.throws(
    () => read(content),
    (error: unknown) => error instanceof RlevError && error.kind === 'CheckpointInvalid' && words.test(error.message),
  )
}

test('the base of the rotary positions is read from the current key and the older one', () => {
  assert.equal(read(qwen2).rotary.theta, 1e6)
  assert.equal(read({ ...older, rope_theta: 5e5 }).rotary.theta, 5e5)
  assert.equal(read(older).rotary.theta, 10000)
})

test('a scaling of the positions is read in every published form', () => {
  const stretched = {
    type: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 256,
  }
  const forms: [Content, unknown][] = [
    [{ rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...llama3 } }, stretched],
    [{ rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...llama3 } }, stretched],
    [{ rope_theta: 5e5, rope_scaling: { type: 'llama3', ...llama3 } }, stretched],
    [
      { rope_theta: 5e5, rope_scaling: { type: 'linear', factor: 2 } },
      { type: 'linear', factor: 2 },
    ],
    [
      { rope_theta: 5e5, rope_scaling: { rope_type: 'linear', factor: 2 } },
      { type: 'linear', factor: 2 },
    ],
    [{ rope_parameters: { rope_type: 'linear', rope_theta: 5e5, factor: 2 } }, { type: 'linear', factor: 2 }],
    [{ rope_theta: 5e5, rope_scaling: null }, null],
    [{ rope_theta: 5e5, rope_scaling: { type: 'default' } }, null],
  ]
  for (const [keys, scaling] of forms) {
    const { rope_theta: _theta, ...rest } = llama
    assert.deepEqual(read({ ...rest, ...keys }).rotary, { theta: 5e5, scaling }, JSON.stringify(keys))
  }
})

test('the families differ in biases, norms of heads and defaults', () => {
  const biases = ({ queryKeyValueBias, outputBias, mlpBias, queryKeyNorm }: Architecture) => [
    queryKeyValueBias,
    outputBias,
    mlpBias,
    queryKeyNorm,
  ]
  assert.deepEqual(biases(read(qwen2)), [true, false, false, false])
  assert.deepEqual(biases(read(qwen3)), [false, false, false, true])
  assert.deepEqual(biases(read({ ...qwen3, attention_bias: true })), [true, true, false, true])
  assert.deepEqual(biases(read(llama)), [false, false, false, false])
  assert.deepEqual(biases(read({ ...llama, attention_bias: true, mlp_bias: true })), [true, true, true, false])
  const { head_dim: _width, ...without } = qwen3
  assert.equal(read(without).headWidth, 128)
  assert.equal(read(llama).headWidth, 16)
  const names = (content: Content) => [...tensorShapes(read(content)).keys()].filter(name => name.includes('layers.0.'))
  assert.deepEqual(
    names(qwen3).filter(name => name.includes('_norm.')),
    ['model.layers.0.self_attn.q_norm.weight', 'model.layers.0.self_attn.k_norm.weight'],
  )
  assert.equal(names(qwen3).length, 11)
  assert.equal(names(llama).length, 9)
  assert.equal(names({ ...llama, attention_bias: true, mlp_bias: true }).length, 16)
})

test('an architecture is written as it is read', () => {
  const variants = [
    qwen2,
    qwen3,
    llama,
    { ...qwen3, attention_bias: true, tie_word_embeddings: false },
    { ...llama, attention_bias: true, mlp_bias: true, head_dim: 8, rms_norm_eps: 1e-5 },
    { ...llama, rope_scaling: { rope_type: 'llama3', ...llama3 } },
    { ...qwen2, rope_scaling: { type: 'linear', factor: 3 } },
  ]
  for (const content of variants) {
    const architecture = read(content)
    const written = writeArchitecture(architecture, { padId: 0, eosIds: [2] })
    assert.deepEqual(read(JSON.parse(JSON.stringify(written))), architecture)
    // The current keys alone and the older keys alone give the same architecture.
    const { rope_parameters: today, rope_theta: theta, rope_scaling: scaling, ...rest } = written
    assert.deepEqual(read({ ...rest, rope_parameters: today }), architecture)
    assert.deepEqual(read({ ...rest, rope_theta: theta, rope_scaling: scaling }), architecture)
  }
  const eosOf = (eosIds: number[]) => writeArchitecture(read(qwen2), { padId: 0, eosIds })['eos_token_id']
  assert.deepEqual([eosOf([2]), eosOf([2, 0])], [2, [2, 0]])
})

test('a key that the decoder does not support is refused and named', () => {
  refused({ ...qwen2, model_type: 'mamba' }, /`model_type`[\s\S]*mamba/)
  refused({ model_type: 'gpt2', n_embd: 64 }, /`model_type`[\s\S]*gpt2/)
  refused({}, /`model_type`/)
  refused(null, /`model_type`/)
  refused({ ...qwen2, hidden_act: 'gelu' }, /`hidden_act`/)
  refused({ ...qwen2, quantization_config: { quant_method: 'gptq' } }, /`quantization_config`[\s\S]*gptq/)
  refused({ ...qwen2, attention_dropout: 0.1 }, /`attention_dropout`/)
  refused({ ...qwen2, hidden_size: 'many' }, /hidden_size/)
  refused({ ...qwen2, num_key_value_heads: 3 }, /divisor of 4/)
  refused({ ...qwen2, head_dim: 15 }, /even/)
  for (const type of ['yarn', 'dynamic', 'longrope', 'su', 'mrope']) {
    refused(
      { ...qwen2, rope_parameters: { rope_type: type } },
      new RegExp(`rope_parameters\\.rope_type[\\s\\S]*${type}`),
    )
    refused({ ...older, rope_scaling: { type, factor: 2 } }, new RegExp(`rope_scaling\\.type[\\s\\S]*${type}`))
  }
  refused({ ...older, rope_scaling: { type: 'linear' } }, /rope_scaling\.factor/)
  refused({ ...older, rope_scaling: { type: 'linear', factor: 0 } }, /rope_scaling\.factor/)
  const { low_freq_factor: _low, ...part } = llama3
  refused({ ...older, rope_scaling: { type: 'llama3', ...part } }, /rope_scaling\.low_freq_factor/)
  refused({ ...older, rope_scaling: { type: 'llama3', ...llama3, high_freq_factor: 1 } }, /high_freq_factor/)
  refused({ ...qwen2, partial_rotary_factor: 0.5 }, /partial_rotary_factor/)
  refused({ ...qwen2, rope_parameters: { full_attention: { rope_type: 'default' } } }, /full_attention/)
})

test('a sliding window is refused only if a layer has one', () => {
  const { layer_types: _types, ...bare } = qwen2
  const windowed = { ...bare, use_sliding_window: true, sliding_window: 64 }
  refused({ ...windowed, max_window_layers: 2 }, /`use_sliding_window`/)
  refused({ ...windowed, max_window_layers: 0 }, /`use_sliding_window`/)
  refused({ ...bare, layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }, /`layer_types`/)
  assert.equal(read({ ...windowed, max_window_layers: 3 }).layers, 3)
  assert.equal(read({ ...windowed, max_window_layers: 0, sliding_window: null }).layers, 3)
  assert.equal(read({ ...windowed, max_window_layers: 0, use_sliding_window: false }).layers, 3)
})

/**
 * Made by transformers 5.24 and PyTorch 2.15, from the config that `read` gets below:
 *   config = LlamaConfig(hidden_size=64, num_attention_heads=4, rope_theta=5e5, max_position_embeddings=512, rope_scaling=SCALING)
 *   print(LlamaRotaryEmbedding(config).inv_freq.tolist())
 */
const golden: readonly [string, Content | null, readonly number[]][] = [
  [
    'plain',
    null,
    [1, 0.193922758, 0.0376060307, 0.00729266508, 0.00141421345, 0.000274248188, 5.31829573e-5, 1.03133852e-5],
  ],
  [
    'linear',
    { rope_type: 'linear', factor: 2.5 },
    [
      0.400000006, 0.0775691047, 0.0150424121, 0.00291706598, 0.00056568539, 0.000109699278, 2.12731829e-5,
      4.12535428e-6,
    ],
  ],
  [
    'llama3',
    { rope_type: 'llama3', ...llama3 },
    [1, 0.193922758, 0.0105382307, 0.000911583134, 0.000176776681, 3.42810235e-5, 6.64786967e-6, 1.28917316e-6],
  ],
]

test('frequencies are those of PyTorch, with and without scaling', () => {
  for (const [what, scaling, wanted] of golden) {
    const found = rotaryFrequencies(read({ ...llama, rope_scaling: scaling }))
    for (const [pair, frequency] of wanted.entries()) {
      const gap = Math.abs((found[pair] as number) / frequency - 1)
      assert.ok(gap <= 2.4e-7, `${what}, pair ${pair}: ${found[pair]} is not ${frequency}`)
    }
    assert.equal(found.length, wanted.length)
  }
})

test('heads that do not divide the width, or have an odd width, are refused before anything is allocated', () => {
  const { policy } = tinyConfig()
  assert.ok(policy.from === 'scratch')
  for (const wrong of [{ heads: 3, keyValueHeads: 3 }, { heads: 16, keyValueHeads: 16 }, { keyValueHeads: 3 }]) {
    assert.throws(
      () => scratchArchitecture({ ...policy, ...wrong }, 20),
      (error: unknown) => error instanceof RlevError && error.kind === 'ConfigInvalid',
    )
  }
})
