/**
 * A policy as a folder in Hugging Face form: config.json, generation_config.json, tokenizer.json,
 * tokenizer_config.json, chat_template.jinja if there is one, and model.safetensors. Equal weights give equal
 * bytes, so the sha256 of model.safetensors identifies the weights.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineConfig } from '../config/schema.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import type { Tensor } from '../graph/tensorflow.js'
import { defaultEngine, type Policy } from '../model/policy.js'
import { tensorShapes } from '../model/tensor-shapes.js'
import { loadTokenizer } from '../tokenizer/tokenizer-folder.js'
import { saveAdapter } from './adapter-file.js'
import { writeArchitecture } from './architecture-file.js'
import { checkCheckpoint } from './checked-checkpoint.js'
import { weightsFile } from './checkpoint-files.js'
import { writeSafetensors } from './safetensors-writer.js'
import { tensorsOnDevice } from './tensors-on-device.js'
import { refuseOtherHead } from './tied-head.js'

/** Rejects with CheckpointInvalid, which names the file and the key or tensor. */
export async function loadPolicy(folder: string, engine: EngineConfig = defaultEngine): Promise<Policy> {
  const { config, architecture, weights, files } = checkCheckpoint(folder)
  if (architecture.tied) await refuseOtherHead(files)
  const tokenizer = loadTokenizer(folder, config)
  const loaded = await tensorsOnDevice(weights)
  return {
    architecture,
    adapter: null,
    tokenizer,
    // In the order of the layers, not of the files.
    weights: new DeviceTensors([...tensorShapes(architecture).keys()].map(name => [name, loaded.get(name) as Tensor])),
    engine,
  }
}

export async function savePolicy(policy: Policy, folder: string): Promise<void> {
  await saveDescription(policy, folder)
  await writeSafetensors(join(folder, weightsFile), { tensors: policy.weights.read(), metadata: { format: 'pt' } })
}

/**
 * A policy as training keeps it: the whole folder if its weights are trained. With an adapter, everything but
 * the weights, which never change and are kept with the warm start, and the adapter in PEFT's form.
 */
export async function saveTrained(policy: Policy, folder: string): Promise<void> {
  if (policy.adapter === null) return savePolicy(policy, folder)
  await saveDescription(policy, folder)
  await saveAdapter(policy.adapter, { folder })
}

/** Everything but the weights: config, tokenizer and template. */
async function saveDescription({ tokenizer, architecture }: Policy, folder: string): Promise<void> {
  const json = (name: string, content: unknown) =>
    writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
  await json('config.json', writeArchitecture(architecture, tokenizer))
  await json('generation_config.json', { eos_token_id: tokenizer.eosIds, pad_token_id: tokenizer.padId })
  await json('tokenizer.json', tokenizer.files.tokenizer)
  await json('tokenizer_config.json', tokenizer.files.config)
  if (tokenizer.files.chatTemplate !== undefined) {
    await writeFile(join(folder, 'chat_template.jinja'), tokenizer.files.chatTemplate)
  }
}
