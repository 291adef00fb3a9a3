/** The golden numbers of test/fixtures/training-options, which says how they are made. */
import { readFileSync } from 'node:fs'

interface Golden {
  warmStart: {
    items: { prompt: string; working?: string; answer: string }[]
    settings: {
      steps: number
      warmup: number
      learningRate: number
      weightDecay: number
      clipNorm: number
      batch: number
    }
    /** After the last step, by item and token of its response. */
    logProbs: number[][]
  }
  kl: {
    linear: { first: number; end: number; steps: number; coefficients: number[] }
    adaptive: { first: number; target: number; horizon: number; divergences: number[]; coefficients: number[] }[]
  }
  losses: {
    /** [N T V] */
    logits: number[]
    shape: [number, number, number]
    targets: number[][]
    mask: number[][]
    /** log pi that the ratio is against. */
    old: number[][]
    sampled: number[][]
    advantages: number[]
    weights: number[]
    cases: {
      name: string
      options: {
        clip: { clipLow: number; clipHigh: number; dualClip: number | null } | null
        cap: number | null
        entropy: number
      }
      loss: number
      gradient: number[]
      clipped: number[] | null
      divergence: number[] | null
    }[]
  }
  rates: {
    kind: 'linear' | 'cosine' | 'constant'
    warmup: number
    floor: number
    steps: number
    horizon: number
    rates: number[]
  }[]
}

export const golden = JSON.parse(readFileSync('test/fixtures/training-options/golden.json', 'utf8')) as Golden
