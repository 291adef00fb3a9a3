/**
 * An adapter as PEFT's folder: adapter_config.json and adapter_model.safetensors, which
 * `PeftModel.from_pretrained` loads onto the base. Equal adapters give equal bytes, so the sha256 of
 * adapter_model.safetensors identifies what was trained. PEFT's extensions of a plain LoRA (other scales,
 * biases, fully trained modules) are refused, with the key that asks for them.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { DeviceTensors } from '../graph/device-tensors.js'
import type { Tensor } from '../graph/tensorflow.js'
import { readJson } from '../input/json-file.js'
import type { Adapter } from '../model/adapter.js'
import { type AdapterTarget, adapterShapes, adapterTargets } from '../model/adapter-shapes.js'
import type { Architecture } from '../model/architecture.js'
import { adapterFiles } from './checkpoint-files.js'
import { fittingTensors } from './fitting-tensors.js'
import { readSafetensorsHeader } from './safetensors-reader.js'
import { writeSafetensors } from './safetensors-writer.js'
import { tensorsOnDevice } from './tensors-on-device.js'

/** PEFT's prefix of every name. */
const prefix = 'base_model.model.'

const configFile = z.looseObject({
  peft_type: z.string(),
  r: z.int().positive().max(65_536),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()).min(1).max(100),
})

/** Keys that change what an adapter computes, with the values of a plain LoRA. */
const plain: readonly (readonly [key: string, expected: string, holds: (value: unknown) => boolean])[] = [
  ['peft_type', 'LORA', value => value === 'LORA'],
  ['bias', 'none', value => value === undefined || value === 'none'],
  ...[
    'use_rslora',
    'use_dora',
    'use_qalora',
    'use_bdlora',
    'fan_in_fan_out',
    'lora_bias',
    'modules_to_save',
    'layers_to_transform',
    'exclude_modules',
    'layer_replication',
    'target_parameters',
    'trainable_token_indices',
    'alora_invocation_tokens',
    'rank_pattern',
    'alpha_pattern',
  ].map(key => [key, 'not in use', isUnused] as const),
]

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
  const named = new Map([...tensors.read()].map(([name, tensor]) => [prefix + name, tensor]))
  await writeSafetensors(join(folder, adapterFiles.tensors), { tensors: named, metadata: { format: 'pt' } })
}

/**
 * The caller disposes of the adapter. Rejects with CheckpointInvalid, which names the file and the key or
 * tensor.
 */
export async function loadAdapter({
  folder,
  architecture,
}: {
  folder: string
  architecture: Architecture
}): Promise<Adapter> {
  const { rank, alpha, targets } = readAdapterConfig(join(folder, adapterFiles.config))
  const place = join(folder, adapterFiles.tensors)
  const shapes = adapterShapes(architecture, { rank, targets })
  const loaded = await tensorsOnDevice(
    fittingTensors({
      files: [readSafetensorsHeader(place)],
      shapes: new Map([...shapes].map(([name, shape]) => [prefix + name, shape])),
      place,
    }),
  )
  const tensors = new DeviceTensors([...shapes.keys()].map(name => [name, loaded.get(prefix + name) as Tensor]))
  return { rank, alpha, targets, tensors }
}

function readAdapterConfig(place: string): Pick<Adapter, 'rank' | 'alpha' | 'targets'> {
  const content = readJson(place, { form: 'a folder of PEFT: adapter_config.json and adapter_model.safetensors' })
  const parsed = configFile.safeParse(content)
  if (!parsed.success) {
    const found = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    throw invalid(
      place,
      'the config of the adapter is invalid',
      'peft_type, r, lora_alpha and a list of target_modules',
      found,
    )
  }
  for (const [key, expected, holds] of plain) {
    const value = parsed.data[key]
    if (!holds(value))
      throw invalid(
        place,
        `an adapter with this \`${key}\` is not supported`,
        `${key}: ${expected}`,
        JSON.stringify(value),
      )
  }
  const unknown = parsed.data.target_modules.filter(name => !isTarget(name))
  if (unknown.length > 0) {
    throw invalid(place, '`target_modules` names an unsupported module', adapterTargets.join(', '), unknown.join(', '))
  }
  // In the order of the architecture, not of the file, so that equal adapters are written as equal bytes.
  const targets = adapterTargets.filter(target => parsed.data.target_modules.includes(target))
  return { rank: parsed.data.r, alpha: parsed.data.lora_alpha, targets }
}

const isTarget = (name: string): name is AdapterTarget => (adapterTargets as readonly string[]).includes(name)

function isUnused(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function invalid(place: string, message: string, expected: string, found: string): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message,
    place,
    expected,
    found,
    remedy: 'use a plain LoRA adapter of this policy, with its own config',
  })
}
