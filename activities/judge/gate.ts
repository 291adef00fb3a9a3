/** Lets so many through at once and has the others wait, in the order in which they came. */
export class Gate {
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(width: number) {
    this.#width = width
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#width) await new Promise<void>(enter => this.#waiting.push(enter))
    else this.#inside++
    try {
      return await work()
    } finally {
      // A place is handed on, so that nobody who comes just now takes it before those who wait.
      const next = this.#waiting.shift()
      if (next === undefined) this.#inside--
      else next()
    }
  }
}

const gates = new Map<string, Gate>()

/** One for all activities of this process that ask the same server: its limit is the server's, not a caller's. */
export function gateOf(address: string, width: number): Gate {
  const key = `${width} ${address}`
  const gate = gates.get(key) ?? new Gate(width)
  gates.set(key, gate)
  return gate
}
