/** Seeds of requests: a function of counters, below 2^31 as servers want them. The engine here has a number for each token instead. */
import { philox } from '../../../pipelines/random.js'

/** Tells these numbers from those of `stream`. */
const purpose = 0x74696e6b

export function requestSeed(
  seed: number,
  { step, prompt, sample }: { step: number; prompt: number; sample: number },
): number {
  return philox([step, prompt, sample, 0], [seed >>> 0, purpose])[0] >>> 1
}
