/**
 * rlev as a candidate of the bench: a process that serves the bench's requests on one engine (protocol.ts).
 * Started by the bench:  node rlev.js ENGINE LANES
 */

import { type EngineName, engineNames } from '../engine.js'
import { rowsOf } from '../sizes.js'
import { tensorFlowVersion } from '../version.js'
import { answerRequests } from './answering.js'
import type { Answer, Measure, Request } from './protocol.js'
import {
  type Bench,
  openBench,
  type RlevSettings,
  sampleFixed,
  sampleUnequal,
  update,
  wholeStep,
} from './rlev-policy.js'

type Tuned = 'generate' | 'unequal' | 'update'

class Server {
  readonly #engine: { engine: EngineName; lanes: number }
  #bench: Bench | null = null
  /** By measure. A whole step takes those of sampling and of an update. */
  readonly #settings = new Map<Tuned, RlevSettings>()

  constructor(engine: { engine: EngineName; lanes: number }) {
    this.#engine = engine
  }

  async answer(request: Request): Promise<Answer> {
    switch (request.do) {
      case 'open':
        this.#bench = openBench({ size: request.size, lengths: request.lengths, ...this.#engine })
        return { versions: tensorFlowVersion() }
      case 'tune':
        return await this.#tune(request.measure)
      default:
        return await this.#measure(request.do)
    }
  }

  /** The fastest setting. Each is tried three times, and the first time is not counted. */
  async #tune(measure: Measure): Promise<Answer> {
    if (measure === 'step' || measure === 'peak') return {}
    const rows = rowsOf(this.#opened().size)
    const key = measure === 'update' ? 'microBatch' : 'chunk'
    let best = { seconds: Number.POSITIVE_INFINITY, part: rows }
    for (const part of [rows, rows / 2, rows / 4]) {
      this.#settings.set(measure, { ...this.#settingsOf(measure), [key]: part })
      await this.#measure(measure)
      for (let time = 0; time < 2; time++) {
        const { seconds = Number.NaN } = await this.#measure(measure)
        if (seconds < best.seconds) best = { seconds, part }
      }
    }
    this.#settings.set(measure, { ...this.#settingsOf(measure), [key]: best.part })
    return { settings: { [key]: best.part } }
  }

  async #measure(measure: Measure): Promise<Answer> {
    switch (measure) {
      case 'generate':
        return await sampleFixed(this.#opened(), this.#settingsOf('generate'))
      case 'unequal':
        return await sampleUnequal(this.#opened(), this.#settingsOf('unequal'))
      case 'update':
        return await update(this.#opened(), this.#settingsOf('update'))
      case 'step': {
        const { chunk } = this.#settingsOf('generate')
        return await wholeStep(this.#opened(), { ...this.#settingsOf('update'), chunk })
      }
      case 'peak':
        throw new TypeError('peaks-candidate.js measures the peak')
      default:
        return measure satisfies never
    }
  }

  #opened(): Bench {
    if (this.#bench === null) throw new TypeError('nothing is opened')
    return this.#bench
  }

  #settingsOf(measure: Tuned): RlevSettings {
    const rows = rowsOf(this.#opened().size)
    return this.#settings.get(measure) ?? { chunk: rows, microBatch: rows }
  }
}

const engine = engineNames.find(name => name === process.argv[2])
if (engine === undefined) throw new TypeError(`an engine: ${engineNames.join(', ')}`)
const server = new Server({ engine, lanes: Number(process.argv[3] ?? 1) })
await answerRequests(request => server.answer(request))
