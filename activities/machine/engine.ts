/**
 * What a policy computes on, as a run keeps it: the library, the threads, and the processor or card by name. Another model of processor has other
 * vector units and caches, so it adds in another order and gives other bits.
 */
import { cpus } from 'node:os'
import { computesOnGpu } from '../../pipelines/graph/library.js'
import { ofFirstCard } from './card.js'
import { computesOn } from './computes-on.js'

let model: string | undefined

/** `TensorFlow 2.21.0 on the processor, tfjs 4.22.0, Node 20; AMD EPYC 7B13`. */
export function engineOfThisProcess(): string {
  model ??= computesOnGpu() ? (ofFirstCard('name') ?? '') : (cpus()[0]?.model ?? '')
  const name = model.replaceAll(/\s+/g, ' ').trim()
  return name === '' ? computesOn() : `${computesOn()}; ${name}`
}
