/**
 * Tensors by name that may be lent to an engine, which changes them on the device: while they are lent no second copy is held
 * here, and whoever reads one gets the newest values, fetched back then.
 */
import type { Tensor } from './tensorflow.js'

export class DeviceTensors extends Map<string, Tensor> {
  #fetch: (() => ReadonlyMap<string, Tensor>) | null = null

  /** Frees the tensors here; the next one to read them gets what `fetch` gives, which then belongs to this map. */
  lend(fetch: () => ReadonlyMap<string, Tensor>): void {
    if (this.#fetch === null) for (const tensor of super.values()) tensor.dispose()
    this.#fetch = fetch
  }

  get isLent(): boolean {
    return this.#fetch !== null
  }

  /** Whoever holds the newest values has nothing to give back: they are gone with it. */
  dispose(): void {
    if (this.#fetch === null) for (const tensor of super.values()) tensor.dispose()
    this.#fetch = null
    super.clear()
  }

  override get(name: string): Tensor | undefined {
    this.#recall()
    return super.get(name)
  }

  override values(): MapIterator<Tensor> {
    this.#recall()
    return super.values()
  }

  override entries(): MapIterator<[string, Tensor]> {
    this.#recall()
    return super.entries()
  }

  override [Symbol.iterator](): MapIterator<[string, Tensor]> {
    return this.entries()
  }

  override forEach(visit: (tensor: Tensor, name: string, map: Map<string, Tensor>) => void): void {
    this.#recall()
    super.forEach(visit)
  }

  #recall(): void {
    const fetch = this.#fetch
    if (fetch === null) return
    this.#fetch = null
    for (const [name, tensor] of fetch()) super.set(name, tensor)
  }
}
