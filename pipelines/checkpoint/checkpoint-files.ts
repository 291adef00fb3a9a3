/**
 * Names of a checkpoint's tensor files. Apart from their readers, so that a folder can be checked without
 * TensorFlow.
 */

export const weightsFile = 'model.safetensors'
/** With shards, in place of the one file. */
export const weightsIndex = 'model.safetensors.index.json'
export const adapterFiles = { config: 'adapter_config.json', tensors: 'adapter_model.safetensors' } as const

/** Which of a folder's files holds the trained tensors; undefined if none does. */
export function trainedFile(names: readonly string[]): string | undefined {
  return [adapterFiles.tensors, weightsFile].find(name => names.includes(name))
}
