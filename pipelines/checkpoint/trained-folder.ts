/**
 * A policy as training keeps it: a whole folder where its weights are trained; with an adapter everything but the weights, which
 * never change and lie with the warm start, and the adapter in PEFT's form.
 */

import { DeviceTensors } from '../graph/device-tensors.js'
import type { Adapter } from '../model/adapter.js'
import type { Policy } from '../model/policy.js'
import { saveAdapter } from './adapter-file.js'
import { saveDescription, savePolicy } from './policy-folder.js'

export async function saveTrained(policy: Policy, folder: string): Promise<void> {
  if (policy.adapter === null) return savePolicy(policy, folder)
  await saveDescription(policy, folder)
  await saveAdapter(policy.adapter, { folder })
}

/** The base with an adapter over it; its weights share the base's memory, and each policy is disposed on its own. */
export function withAdapter(base: Policy, adapter: Adapter): Policy {
  const weights = new DeviceTensors([...base.weights.read()].map(([name, tensor]) => [name, tensor.clone()]))
  return { ...base, weights, adapter }
}
