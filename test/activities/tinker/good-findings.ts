/** What a probe finds at a server that keeps everything that a run wants. */
import type { Findings } from '../../../activities/tinker/probe/findings.js'

export const goodFindings = (baseModel: string): Findings => ({
  baseModel,
  accumulates: true,
  reduction: 'sum',
  resend: 'counted once',
  restoresMoments: true,
  olderSampler: 'apart',
  targets: 'free',
  honoursStop: true,
  seeds: 'seed + i',
  emptyStep: 'applied',
  logProbs: 'untempered',
  honoursEpsilon: true,
  honoursClipNorm: true,
  sameBits: true,
})
