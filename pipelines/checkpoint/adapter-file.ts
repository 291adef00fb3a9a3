/**
 * An adapter as PEFT's folder: adapter_config.json and adapter_model.safetensors, which
 * `PeftModel.from_pretrained` loads onto the base. Equal adapters give equal bytes, so the sha256 of
 * adapter_model.safetensors identifies what was trained.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DeviceTensors } from '../graph/device-tensors.js'
import type { Tensor } from '../graph/tensorflow.js'
import type { Adapter } from '../model/adapter.js'
import type { Architecture } from '../model/architecture.js'
import { adapterPrefix, readAdapter } from './adapter-config.js'
import { adapterFiles } from './checkpoint-files.js'
import { writeSafetensors } from './safetensors-writer.js'
import { tensorsOnDevice } from './tensors-on-device.js'

/** `base` tells PEFT where the base model is; with null, the code that loads the adapter names it. */
export async function saveAdapter(
  adapter: Adapter,
  { folder, base = null }: { folder: string; base?: string | null },
): Promise<void> {
  const { rank, alpha, targets, tensors } = adapter
  const config = {
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    target_modules: targets,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  }
  await writeFile(join(folder, adapterFiles.config), `${JSON.stringify(config, null, 2)}\n`)
  const named = new Map([...tensors.read()].map(([name, tensor]) => [adapterPrefix + name, tensor]))
  await writeSafetensors(join(folder, adapterFiles.tensors), { tensors: named, metadata: { format: 'pt' } })
}

/** sha256 of what `saveAdapter` writes of it: equal adapters have equal digests. */
export async function adapterDigest({ rank, alpha, targets, tensors }: Adapter): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify({ rank, alpha, targets }))
  for (const [name, tensor] of tensors.read()) {
    hash.update(JSON.stringify([name, tensor.shape]))
    const { buffer, byteOffset, byteLength } = await tensor.data()
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}

/**
 * The caller disposes of the adapter. Rejects with CheckpointInvalid, which names the file and the key or
 * tensor.
 */
export async function loadAdapter(of: { folder: string; architecture: Architecture }): Promise<Adapter> {
  const { names, files, ...config } = readAdapter(of)
  const loaded = await tensorsOnDevice(files)
  const tensors = new DeviceTensors(names.map(name => [name, loaded.get(adapterPrefix + name) as Tensor]))
  return { ...config, tensors }
}
