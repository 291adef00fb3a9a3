/**
 * Names of a checkpoint's files. Apart from their readers, so that a folder can be checked without TensorFlow.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const weightsFile = 'model.safetensors'
/** With shards, in place of the one file. */
export const weightsIndex = 'model.safetensors.index.json'
export const adapterFiles = { config: 'adapter_config.json', tensors: 'adapter_model.safetensors' } as const

/** Which of a folder's files holds the trained tensors; undefined if none does. */
export function trainedFile(names: readonly string[]): string | undefined {
  return [adapterFiles.tensors, weightsFile].find(name => names.includes(name))
}

/** Files besides the tensors that loading a policy reads; config.json and tokenizer.json must be there. */
export const descriptionFiles = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
] as const

/** Names of everything that loading the policy of a folder reads: `weights` are its tensor files. Other files of the folder do not count. */
export function filesOfCheckpoint(folder: string, weights: readonly string[]): string[] {
  const index = weights.includes(weightsFile) ? [] : [weightsIndex]
  const described = descriptionFiles.filter(name => existsSync(join(folder, name)))
  return [...new Set([...described, ...index, ...weights])].sort()
}
