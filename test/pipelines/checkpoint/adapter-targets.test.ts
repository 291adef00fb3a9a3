/** Adapters whose config names no targets, as SkyRL writes them. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readAdapter } from '../../../pipelines/checkpoint/adapter-config.js'
import { fillTargets } from '../../../pipelines/checkpoint/adapter-targets.js'
import { checkCheckpoint } from '../../../pipelines/checkpoint/checked-checkpoint.js'

test('targets follow from the tensors where the config has none, and are written for PEFT', t => {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-targets-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync('test/fixtures/lora-tiny', folder, { recursive: true })
  const path = join(folder, 'adapter_config.json')
  const config = JSON.parse(readFileSync(path, 'utf8')) as { target_modules: string[] | null }
  const { architecture } = checkCheckpoint('test/fixtures/qwen2-tiny')
  const named = readAdapter({ folder, architecture })
  writeFileSync(path, JSON.stringify({ ...config, target_modules: null }))
  assert.deepEqual(readAdapter({ folder, architecture }), named)
  fillTargets(folder)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), config)
})
