/** Names of the files of a checkpoint that hold tensors; apart from their readers, for whoever looks at a folder without TensorFlow. */

export const weightsFile = 'model.safetensors'
/** Beside shards, in place of the one file. */
export const weightsIndex = 'model.safetensors.index.json'
export const adapterFiles = { config: 'adapter_config.json', tensors: 'adapter_model.safetensors' } as const

/** The file that holds what was trained, of the names in a folder; undefined where there is none. */
export function trainedFile(names: readonly string[]): string | undefined {
  return [adapterFiles.tensors, weightsFile].find(name => names.includes(name))
}
