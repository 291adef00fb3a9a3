/** Unloads the models of sessions that are silent, as servers do. */
import type { Models } from './models.js'

export class Silence {
  readonly #models: Models
  readonly #timeoutMs: number
  /** When a session last beat. */
  readonly #beats = new Map<string, number>()
  /** Session of each model. */
  readonly #sessions = new Map<string, string>()

  constructor(models: Models, timeoutMs: number) {
    this.#models = models
    this.#timeoutMs = timeoutMs
  }

  beat(session: string): void {
    this.#beats.set(session, performance.now())
  }

  made(model: string, session: string): void {
    this.#sessions.set(model, session)
    this.beat(session)
  }

  unloadSilent(): void {
    for (const [model, session] of this.#sessions) {
      if (performance.now() - (this.#beats.get(session) ?? 0) < this.#timeoutMs) continue
      this.#sessions.delete(model)
      if (this.#models.has(model)) this.#models.unload(model)
    }
  }
}
