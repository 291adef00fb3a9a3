/**
 * The protocol between the bench and a candidate. A candidate is a process that reads requests and writes
 * answers, each a line of JSON. It stays alive between requests, so that candidates can alternate within a
 * round, and idles while another works.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { RlevError } from '../../../pipelines/errors.js'
import { residentSizeOf } from '../../resident.js'
import type { Size } from '../sizes.js'

export const measures = ['generate', 'unequal', 'update', 'step', 'peak'] as const
export type Measure = (typeof measures)[number]

export type Request =
  /** Makes a random policy of this size. Prompts and lengths are those of workload.ts. */
  | { do: 'open'; size: Size; prompts: number[][]; lengths: number[]; settings: Settings }
  /** Tries the candidate's settings for a measure and keeps the fastest. */
  | { do: 'tune'; measure: Measure }
  | { do: Measure }

/** A candidate's chosen settings by name: rows decoded together, rows of a micro-batch, kind of attention, ... */
export type Settings = Readonly<Record<string, string | number>>

/** What a library reaches on this machine, with all threads. */
export interface Peaks {
  /** Matrix products by their side. (GFLOP/s) */
  float32: Readonly<Record<string, number>>
  /** The same, of matrices in bfloat16. */
  bfloat16: Readonly<Record<string, number>>
  /** Reading from memory. (GB/s) */
  memory: number
}

export interface Answer {
  /** Time of the work itself, by the candidate's clock. (s) */
  seconds?: number
  /** Sampled tokens. For an update and a whole step, prompt and response tokens. */
  tokens?: number
  peak?: Peaks
  settings?: Settings
  /** Versions of the libraries, by name. */
  versions?: Readonly<Record<string, string>>
}

export interface Command {
  name: string
  file: string
  arguments: readonly string[]
  environment?: Readonly<Record<string, string>>
}

export class Candidate {
  readonly name: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  /** The end of its standard error, for the message of an error. */
  #errorOutput = ''
  readonly #ended: Promise<void>

  constructor({ name, file, arguments: given, environment = {} }: Command) {
    this.name = name
    this.#child = spawn(file, [...given], { env: { ...process.env, ...environment } })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-2000)
    })
    this.#child.stdin.on('error', () => {})
    this.#ended = new Promise(settle => {
      this.#child.on('error', error => {
        this.#errorOutput += error.message
        settle()
      })
      this.#child.on('close', () => settle())
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Rejects with ServiceUnavailable, with the end of its standard error, if the candidate fails or ends. */
  async ask(request: Request): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { done, value } = await this.#lines.next()
    if (done === true) {
      await this.#ended
      throw this.#failure(request, this.#errorOutput.trim() || 'it ended without an error message')
    }
    return this.#answerIn(value, request)
  }

  /** The most memory that the process has held so far. (bytes) Null where the system does not say. */
  get peakBytes(): number | null {
    const { pid } = this.#child
    return pid === undefined ? null : (residentSizeOf(pid)?.peak ?? null)
  }

  /** Ends the process and waits for its end. */
  async close(): Promise<void> {
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await this.#ended
    clearTimeout(timer)
  }

  #answerIn(line: string, request: Request): Answer {
    let answer: unknown
    try {
      answer = JSON.parse(line)
    } catch {
      throw this.#failure(request, `no JSON: ${line.slice(0, 500)}`)
    }
    if (typeof answer !== 'object' || answer === null) throw this.#failure(request, line.slice(0, 500))
    if ('error' in answer) throw this.#failure(request, String(answer.error))
    return answer
  }

  #failure(request: Request, found: string): RlevError {
    return new RlevError({
      kind: 'ServiceUnavailable',
      message: `${this.name} did not answer \`${request.do}\``,
      expected: 'a line of JSON',
      found,
      remedy: 'for a peer: check that its Python has torch, transformers, trl and datasets',
    })
  }
}
