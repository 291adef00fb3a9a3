/** What a proxy does to the traffic through it: which fault strikes which request, named by a seed, and a count of all of it. */
import { stream } from '../../../pipelines/random.js'

export const faults = ['cutBefore', 'cutAfter', 'cutWithin', 'unavailable'] as const
export type Fault = (typeof faults)[number]

/** Shares of requests in [0, 1]; the faults exclude each other and sum to 1 at most. Left out is 0. */
export interface Rates {
  /** The connection is reset, and nothing reaches the server. */
  cutBefore?: number
  /** The server has committed, and the connection is reset before its answer reaches the client. */
  cutAfter?: number
  /** The server has committed, and the connection ends in the middle of its answer. */
  cutWithin?: number
  /** The server has committed, and the client gets a 503 in place of its answer. HTTP only. */
  unavailable?: number
  /** Held back on the way to the server, which gets it even when the client has given up by then. */
  delay?: number
  /** Delays are uniform between none and this. (ms) */
  longestDelay?: number
}

/** What befalls one request. */
export interface Strike {
  fault: Fault | 'none'
  /** ms */
  delay: number
}

/** What was done so far. */
export interface Counts extends Record<Fault, number> {
  requests: number
  delayed: number
  /** Times that the proxy was down. */
  outages: number
  /** Requests that found the server away. */
  unanswered: number
}

export const noCounts = (): Counts => ({
  requests: 0,
  cutBefore: 0,
  cutAfter: 0,
  cutWithin: 0,
  unavailable: 0,
  delayed: 0,
  outages: 0,
  unanswered: 0,
})

/** Faults of every kind that struck. */
export const struck = (counts: Counts): number => faults.reduce((sum, fault) => sum + counts[fault], 0)

/** The strikes in order: the n-th is a function of the seed, the rates and n. */
export class FaultPlan {
  readonly #rates: Rates
  readonly #draw
  #next = 0

  /** Throws RangeError for rates that are no shares. */
  constructor({ seed, rates }: { seed: number; rates: Rates }) {
    const shares = [...faults.map(fault => rates[fault] ?? 0), rates.delay ?? 0]
    const sum = faults.reduce((sum, fault) => sum + (rates[fault] ?? 0), 0)
    if (shares.some(share => !(share >= 0 && share <= 1)) || sum > 1 + 1e-9)
      throw new RangeError(`rates: shares in [0, 1], the faults' at most 1 in all, not ${JSON.stringify(rates)}`)
    this.#rates = rates
    this.#draw = stream(seed, 'network faults')
  }

  next(): Strike {
    const index = this.#next++
    const { delay = 0, longestDelay = 0 } = this.#rates
    const held = this.#draw.uniform(index, 1) < delay
    return {
      fault: this.#faultOf(this.#draw.uniform(index, 0)),
      delay: held ? Math.ceil(this.#draw.uniform(index, 2) * longestDelay) : 0,
    }
  }

  #faultOf(drawn: number): Strike['fault'] {
    let upTo = 0
    for (const fault of faults) {
      upTo += this.#rates[fault] ?? 0
      if (drawn < upTo) return fault
    }
    return 'none'
  }
}
