/**
 * Whether a process that computes still makes progress. A call into TensorFlow leaves it silent for as long as it takes, so its
 * processor time counts too: if it neither speaks nor computes, it hangs.
 */
import { type ProcessFacts, processFacts } from '../machine/process-facts.js'

/** Processor time that is a sign of life: more than an idle process takes in a minute. (ms) */
const signMs = 500

interface Watched {
  pid: number
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
  facts?: (pid: number) => Pick<ProcessFacts, 'processorMs'> | null
}

export class SignsOfLife {
  readonly #pid: number
  readonly #now: () => number
  readonly #facts: Required<Watched>['facts']
  #heardAt: number
  /** Processor time at the last sign of life. (ms) */
  #processorMs = 0

  constructor({ pid, now = () => performance.now(), facts = processFacts }: Watched) {
    this.#pid = pid
    this.#now = now
    this.#facts = facts
    this.#heardAt = now()
    this.#processorMs = facts(pid)?.processorMs ?? 0
  }

  /** The process has said something. */
  heard(): void {
    this.#heardAt = this.#now()
  }

  /** Milliseconds since the last sign of life. To be asked every second or so. */
  silentMs(): number {
    const processorMs = this.#facts(this.#pid)?.processorMs ?? 0
    if (processorMs - this.#processorMs >= signMs) {
      this.#processorMs = processorMs
      this.heard()
    }
    return this.#now() - this.#heardAt
  }
}
