/**
 * A stage that needs no policy: errors mapped as in failures.ts, and a heartbeat every second of its own, so that a dead
 * worker is noticed soon and a cancellation reaches a request that waits for a server.
 */
import { stage } from './failures.js'
import { beating } from './hooks.js'

export function lightStage<Input, Output>(body: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
  return stage(input => beating(() => body(input)))
}
