/**
 * Adapters as SkyRL with JAX has them: one A for the projections of q, k and v, and one for gate and up, each with its own B. Exports have a
 * copy for each. The gradient of a shared A is the sum of those of its copies, and counts once in the norm. Copies that get one gradient stay
 * equal.
 */
import { type Tensor, tf } from '../../pipelines/graph/tensorflow.js'

const groups = [
  ['q_proj', 'k_proj', 'v_proj'],
  ['gate_proj', 'up_proj'],
] as const

/** The projection whose A it shares, itself if it has its own; null for a B. */
function firstOf(name: string): string | null {
  if (!name.endsWith('lora_A.weight')) return null
  const group = groups.find(projections => projections.some(projection => name.includes(projection)))
  const own = group?.find(projection => name.includes(projection))
  return group === undefined || own === undefined ? name : name.replace(own, group[0])
}

/** Each A as that of its group's first. Takes the tensors. */
export function withTiedValues(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const tied = new Map([...tensors].map(([name]) => [name, tf.clone(tensors.get(firstOf(name) ?? name) as Tensor)]))
  tf.dispose([...tensors.values()])
  return tied
}

/** Each A with the sum over its group. Takes the tensors. */
export function withTiedSums(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const sums = new Map<string, Tensor>()
  for (const [name, tensor] of tensors) {
    const first = firstOf(name)
    if (first === null) continue
    const before = sums.get(first)
    sums.set(first, before === undefined ? tf.clone(tensor) : (before.add(tensor) as Tensor))
    before?.dispose()
  }
  const tied = new Map([...tensors].map(([name, tensor]) => [name, tf.clone(sums.get(firstOf(name) ?? '') ?? tensor)]))
  tf.dispose([...tensors.values(), ...sums.values()])
  return tied
}

/** Global norm, with each shared A once. */
export function tiedNorm(tensors: ReadonlyMap<string, Tensor>): number {
  let sum = 0
  for (const [name, tensor] of tensors) {
    const first = firstOf(name)
    if (first !== null && first !== name) continue
    for (const value of tensor.dataSync() as Float32Array) sum += value * value
  }
  return Math.sqrt(sum)
}
