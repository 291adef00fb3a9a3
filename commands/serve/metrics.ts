/** What `/metrics` tells Prometheus. Labels have few values, none of which a client chooses. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ScoredResponse } from '../../pipelines/rewards/score-responses.js'

export class ServerMetrics {
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'rlev_requests_total',
    help: 'Requests that were answered, by route and HTTP status.',
    labelNames: ['route', 'status'],
    registers: [this.#registry],
  })
  readonly #seconds = new Histogram({
    name: 'rlev_request_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.#registry],
  })
  readonly #rows = new Counter({
    name: 'rlev_rows_total',
    help: 'Responses that were scored, by route and verdict.',
    labelNames: ['route', 'verdict'],
    registers: [this.#registry],
  })

  constructor({ rowsAtWork, bodyBytes }: { rowsAtWork: () => number; bodyBytes: () => number }) {
    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('rlev_rows_at_work', 'Responses that are being scored.', rowsAtWork)
    this.#gauge('rlev_body_bytes', 'Bytes of the bodies of requests that are received or answered.', bodyBytes)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  countRequest(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status })
    this.#seconds.observe({ route }, seconds)
  }

  countRows(route: string, scores: readonly ScoredResponse[]): void {
    for (const { verdict } of scores) this.#rows.inc({ route, verdict })
  }

  #gauge(name: string, help: string, now: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(now())
      },
    })
  }
}
