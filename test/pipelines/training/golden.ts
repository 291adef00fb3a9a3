/** The golden numbers of test/fixtures/training-options, which says how they are made. */
import { readFileSync } from 'node:fs'

interface Golden {
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
