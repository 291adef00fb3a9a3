/**
 * Which projections an adapter changes, by the names of its tensors. Some trainers (SkyRL) write an adapter_config.json with
 * `target_modules: null`, which PEFT takes for its own choice by architecture, and which need not be that of the tensors.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { adapterFiles } from './checkpoint-files.js'
import { readSafetensorsHeader } from './safetensors-reader.js'

/** Names of modules, each once, sorted: `down_proj` of `....mlp.down_proj.lora_A.weight`. Throws CheckpointInvalid for a damaged file. */
export function targetsOfTensors(folder: string): string[] {
  const { tensors } = readSafetensorsHeader(join(folder, adapterFiles.tensors))
  const modules = [...tensors.keys()].flatMap(name => /([^.]+)\.lora_[AB](?:\.[^.]+)?\.weight$/.exec(name)?.[1] ?? [])
  return [...new Set(modules)].sort()
}

/** Writes the list where adapter_config.json has none, so that PEFT loads the folder. */
export function fillTargets(folder: string): void {
  const path = join(folder, adapterFiles.config)
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  if (config['target_modules'] != null) return
  writeFileSync(path, `${JSON.stringify({ ...config, target_modules: targetsOfTensors(folder) }, null, 2)}\n`)
}
