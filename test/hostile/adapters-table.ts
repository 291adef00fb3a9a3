/** Adapters, whose reader has TensorFlow beside it; that is loaded before anything is measured. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileOf } from '../pipelines/checkpoint/safetensors-bytes.js'
import type { HostileCase } from './case.js'

export const load = () => import('../../pipelines/checkpoint/adapter-file.js')

const plain = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj'] }

const adapter = (name: string, config: unknown, says: RegExp): HostileCase => ({
  name,
  make(folder) {
    writeFileSync(join(folder, 'adapter_config.json'), typeof config === 'string' ? config : JSON.stringify(config))
    writeFileSync(join(folder, 'adapter_model.safetensors'), fileOf({}))
  },
  meet: async folder => {
    const { loadAdapter } = await load()
    const { readArchitecture } = await import('../../pipelines/checkpoint/architecture-file.js')
    const { readJson } = await import('../../pipelines/input/json-file.js')
    const path = 'test/fixtures/qwen2-tiny/config.json'
    return (await loadAdapter({ folder, architecture: readArchitecture(readJson(path), path) })).rank
  },
  outcome: { refused: 'CheckpointInvalid', says },
})

export const cases: HostileCase[] = [
  adapter('a rank of a thousand million', { ...plain, r: 1e9 }, /r: /),
  adapter('a rank that is no number', { ...plain, r: 'all' }, /r: /),
  adapter(
    'a scale beyond all numbers',
    '{"peft_type":"LORA","r":4,"lora_alpha":1e999,"target_modules":["q_proj"]}',
    /lora_alpha/,
  ),
  adapter(
    'a hundred thousand projections',
    { ...plain, target_modules: Array.from({ length: 100_000 }, () => 'q_proj') },
    /target_modules/,
  ),
  adapter('projections that the policy lacks', { ...plain, target_modules: ['__proto__'] }, /target_modules/),
  adapter('a million lists', '['.repeat(1_000_000), /nested more than 50 deep/),
  adapter('a rank above all its tensors', { ...plain, r: 60_000 }, /is missing/),
]
