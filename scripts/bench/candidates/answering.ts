/** A candidate in this project: a process that answers the bench's requests, one line of JSON each (protocol.ts). */
import { createInterface } from 'node:readline'
import type { Answer, Request } from './protocol.js'

/** Until standard input ends. What is thrown becomes an answer with `error`. */
export async function answerRequests(answer: (request: Request) => Answer | Promise<Answer>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let given: Answer | { error: string }
    try {
      given = await answer(JSON.parse(line) as Request)
    } catch (error) {
      given = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    process.stdout.write(`${JSON.stringify(given)}\n`)
  }
}
