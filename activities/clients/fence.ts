/**
 * Who may write into an experiment's folder. After a missed heartbeat two attempts of an activity can live at once; the
 * newer one takes the fence, and the older one, when it wakes, finds that it is no longer the owner and commits nothing.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { makePath, readIfThere, writeWhole } from './files.js'

export class Fence {
  readonly #path: string
  readonly #owner: string

  private constructor(path: string, owner: string) {
    this.#path = path
    this.#owner = owner
  }

  /** Takes the fence of a folder from whoever had it. */
  static take(folder: string): Fence {
    makePath(folder)
    const fence = new Fence(join(folder, 'owner'), randomUUID())
    writeWhole(fence.#path, fence.#owner)
    return fence
  }

  /** Throws FenceLost when another attempt has taken over. */
  check(): void {
    if (readIfThere(this.#path)?.toString('utf8') !== this.#owner) throw new FenceLost(this.#path)
  }
}

/** Not an error of the run: the attempt that took over goes on. */
export class FenceLost extends Error {
  constructor(path: string) {
    super(`another attempt has taken over (${path}); this one commits nothing`)
    this.name = 'FenceLost'
  }
}
