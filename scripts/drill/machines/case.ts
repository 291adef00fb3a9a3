/** A case of the drill over machines: what runs, and what befalls it. */
import type { Cluster } from './cluster.js'

export interface Run {
  name: string
  seed: number
  steps: number
  /** 1: rollout, rewards and update are separate activities. Results do not depend on it. */
  stepsPerActivity: number
}

export interface Case extends Omit<Run, 'seed'> {
  /** Before the run is launched. */
  before?: (cluster: Cluster) => Promise<void>
  /**
   * While it runs. Gives what was wrong, a sentence each. What it leaves dead, cut off or struck is mended after it, while the run may still be
   * at work.
   */
  disturb: (cluster: Cluster, run: Run) => Promise<string[]>
}

/** Longer than the heartbeat timeout, by far. (ms) */
export const outageMs = 12_000
