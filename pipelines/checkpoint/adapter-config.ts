/**
 * Which adapter a folder of PEFT holds: adapter_config.json and the header of adapter_model.safetensors, without TensorFlow.
 * PEFT's extensions of a plain LoRA (other scales, biases, fully trained modules) are refused, with the key that asks for
 * them.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { RlevError } from '../errors.js'
import { readJson } from '../input/json-file.js'
import type { Adapter } from '../model/adapter.js'
import { type AdapterTarget, adapterShapes, adapterTargets } from '../model/adapter-shapes.js'
import type { Architecture } from '../model/architecture.js'
import { targetsOfTensors } from './adapter-targets.js'
import { adapterFiles } from './checkpoint-files.js'
import { fittingTensors } from './fitting-tensors.js'
import { readSafetensorsHeader, type TensorsOfFile } from './safetensors-reader.js'

/** PEFT's prefix of every name. */
export const adapterPrefix = 'base_model.model.'

const configFile = z.looseObject({
  peft_type: z.string(),
  r: z.int().positive().max(65_536),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()).min(1).max(100).nullable(),
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

export interface AdapterContent extends Pick<Adapter, 'rank' | 'alpha' | 'targets'> {
  /** Names of its tensors without the prefix, in the order of the architecture. */
  names: readonly string[]
  files: readonly TensorsOfFile[]
}

/** Throws CheckpointInvalid, which names the file and the key or tensor. */
export function readAdapter({ folder, architecture }: { folder: string; architecture: Architecture }): AdapterContent {
  const config = readAdapterConfig(folder)
  const place = join(folder, adapterFiles.tensors)
  const shapes = adapterShapes(architecture, config)
  const files = fittingTensors({
    files: [readSafetensorsHeader(place)],
    shapes: new Map([...shapes].map(([name, shape]) => [adapterPrefix + name, shape])),
    place,
  })
  return { ...config, names: [...shapes.keys()], files }
}

function readAdapterConfig(folder: string): Pick<Adapter, 'rank' | 'alpha' | 'targets'> {
  const place = join(folder, adapterFiles.config)
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
  const modules = parsed.data.target_modules ?? targetsOfTensors(folder)
  const unknown = modules.filter(name => !isTarget(name))
  if (unknown.length > 0) {
    throw invalid(place, '`target_modules` names an unsupported module', adapterTargets.join(', '), unknown.join(', '))
  }
  // In the order of the architecture, not of the file, so that equal adapters are written as equal bytes.
  const targets = adapterTargets.filter(target => modules.includes(target))
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
