/**
 * What an adapter consists of: the projections that it can change, and the names and shapes of its tensors.
 * This file does not load TensorFlow, so that plans and checks can use it.
 *
 * Shapes: A [rank, in], B [out, rank], beside a weight [out, in].
 */
import { adapterTargetNames } from '../config/sections/training.js'
import type { Architecture } from './architecture.js'
import { tensorShapes } from './tensor-shapes.js'

/** A layer's linear projections that an adapter can change, in their order in the layer. */
export const adapterTargets = adapterTargetNames
export type AdapterTarget = (typeof adapterTargets)[number]

export interface AdapterSettings {
  /** Width of the narrow matrices. */
  rank: number
  /** The product is scaled by alpha / rank. */
  alpha: number
  targets: readonly AdapterTarget[]
}

/** Name and shape of every tensor of an adapter, in the order of the layers, A before B. */
export function adapterShapes(
  architecture: Architecture,
  { rank, targets }: Pick<AdapterSettings, 'rank' | 'targets'>,
): Map<string, [number, number]> {
  const shapes = new Map<string, [number, number]>()
  for (const [name, shape] of tensorShapes(architecture)) {
    const target = /\.(\w+)\.weight$/.exec(name)?.[1] as AdapterTarget
    if (!targets.includes(target)) continue
    const [out, into] = shape as [number, number]
    const at = name.slice(0, -'.weight'.length)
    shapes.set(`${at}.lora_A.weight`, [rank, into])
    shapes.set(`${at}.lora_B.weight`, [out, rank])
  }
  return shapes
}
