/**
 * What the test's Tinker server keeps over a restart besides checkpoints: sessions, requests by their number, and results. One file,
 * a line each; a line that was not written whole is not there.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Result = { status: 200; value: object } | { status: number; detail: string }

type Line =
  | { session: string }
  | { request: string; key: string | null; digest: string }
  | { result: string; of: Result }

export class Records {
  readonly #file: string
  readonly #sessions = new Set<string>()
  /** By model and number. */
  readonly #sent = new Map<string, { id: string; digest: string }>()
  readonly #results = new Map<string, Result | null>()

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'records.jsonl')
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : ''
    for (const line of text.split('\n').slice(0, -1)) this.#take(JSON.parse(line) as Line)
    // Their operations ended with the process that had them in hand.
    for (const [id, result] of this.#results) {
      if (result === null)
        this.finish(id, { status: 400, detail: 'Model not loaded (likely stale request from previous server)' })
    }
  }

  /** Of requests so far; gives ids that no earlier process gave. */
  get count(): number {
    return this.#results.size
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  hasSession(id: string): boolean {
    return this.#sessions.has(id)
  }

  addSession(id: string): void {
    this.#add({ session: id })
  }

  sentBefore(key: string): { id: string; digest: string } | undefined {
    return this.#sent.get(key)
  }

  begin(id: string, { key, digest }: { key: string | null; digest: string }): void {
    this.#add({ request: id, key, digest })
  }

  finish(id: string, result: Result): void {
    this.#add({ result: id, of: result })
  }

  /** Null while it is under way, undefined if there is no such request. */
  result(id: string): Result | null | undefined {
    return this.#results.get(id)
  }

  #add(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`)
    this.#take(line)
  }

  #take(line: Line): void {
    if ('session' in line) this.#sessions.add(line.session)
    else if ('result' in line) this.#results.set(line.result, line.of)
    else {
      this.#results.set(line.request, null)
      if (line.key !== null) this.#sent.set(line.key, { id: line.request, digest: line.digest })
    }
  }
}
