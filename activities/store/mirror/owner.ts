/**
 * The fence over machines: the object `@owner` of an experiment, replaced by its tag only, so that between the look and the write no other
 * attempt gets in. The file `owner` of each machine (store/fence.ts) keeps its processes apart and has the same order of attempts.
 */
import { type Attempt, FenceLost, ownerOf, ownerText } from '../fence.js'
import type { Objects } from '../objects/objects.js'
import { ownerKey } from './keys.js'

export class Owners {
  readonly #objects: Objects
  /** What this process wrote, by experiment. */
  readonly #held = new Map<string, string>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** Throws FenceLost when a later attempt has had it. */
  async take(id: string, attempt: Attempt): Promise<void> {
    const key = ownerKey(id)
    for (;;) {
      const found = await this.#objects.get(key)
      const text = ownerText(ownerOf(found?.content.toString('utf8')), attempt, this.#place(id))
      const content = Buffer.from(text)
      const put =
        found === null
          ? await this.#objects.putIfAbsent(key, content)
          : await this.#objects.putIfMatch(key, content, found.etag)
      if (put.kind === 'refused') continue
      this.#held.set(id, text)
      return
    }
  }

  /** Throws FenceLost when another attempt has taken over since this process took it. */
  async check(id: string): Promise<void> {
    const held = this.#held.get(id)
    const found = await this.#objects.get(ownerKey(id))
    if (held === undefined || found?.content.toString('utf8') !== held) throw new FenceLost(this.#place(id))
  }

  #place(id: string): string {
    return `${this.#objects.address}/${ownerKey(id)}`
  }
}
