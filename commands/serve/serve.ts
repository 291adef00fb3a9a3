/**
 * `rlev serve`: the reward of a config over HTTP, for trainers of others. It has no part in runs, and starts none of their services.
 */
import { masked } from '../../activities/machine/secrets.js'
import { RlevError } from '../../pipelines/errors.js'
import { printable, shortened } from '../../pipelines/printable.js'
import type { ArmsCall } from '../arms/chosen.js'
import { openHome } from '../services/home.js'
import { tokenFor } from './access.js'
import { busy } from './body.js'
import { rewardRoutes } from './routes.js'
import { Scorer } from './scorer.js'
import { type Served, servedArm } from './served-arm.js'
import { makeServer } from './server.js'

export interface ServeOptions extends Partial<ArmsCall> {
  home?: string | undefined
  host?: string | undefined
  port?: number | undefined
  /** Texts of end tokens. */
  eos?: readonly string[] | undefined
  /** Of one answer, in seconds. */
  timeout?: number | undefined
  /** Of one body, in MiB. */
  maxBody?: number | undefined
}

/** For what is under way when the server is told to end. (ms) */
const endingMs = 10_000

/** Connections that the kernel queues while the server computes. */
const backlog = 4096

/** Between two failures that are told. (ms) */
const failureIntervalMs = 1_000

/** Resolves when the server has ended, by Ctrl-C or SIGTERM; the second one ends it at once. */
export async function serve({
  home,
  host = '127.0.0.1',
  port = 8300,
  eos = [],
  timeout = 120,
  maxBody = 16,
  ...call
}: ServeOptions): Promise<void> {
  const token = tokenFor(host)
  const { path } = openHome(home)
  const served = await servedArm(call, path)
  const { arm, chosen, warnings } = served
  for (const warning of warnings) console.error(`warning: ${warning}`)
  const scorer = new Scorer({ arm, judge: chosen.config.judge, home: path })
  const stop = new AbortController()
  const app = makeServer({
    arm,
    scorer,
    token,
    ends: eos,
    limits: { timeoutMs: timeout * 1000, maxBodyBytes: maxBody * 2 ** 20 },
    stop: stop.signal,
    onFailure: seldom(text => console.error(printable(masked(shortened(text, 2_000))))),
  })
  try {
    await scorer.load()
    const ended = toldToEnd()
    const address = await app.listen({ host, port, backlog }).catch(error => {
      throw unusable(error, { host, port })
    })
    console.log(printable(textOf(served, address).join('\n')))
    await ended
    console.error('ending; what is under way is answered (Ctrl-C once more ends it at once)')
    const late = setTimeout(() => {
      stop.abort(busy('the server ends'))
      // After the answers are written.
      setTimeout(() => app.server.closeAllConnections(), 500)
    }, endingMs)
    await app.close()
    clearTimeout(late)
  } finally {
    await scorer.end()
  }
}

function textOf({ arm, chosen }: Served, address: string): string[] {
  const { verifier, endpoint, scale, alpha, cap } = arm.reward
  const { judge } = chosen.config
  const marks =
    judge?.decides === 'everything' ? `the judge ${judge.model}` : `the verifier ${endpoint?.name ?? verifier}`
  const scales =
    scale === 'correctness' ? scale : `${scale} (alpha ${alpha}${scale === 'multiplicative' ? '' : `, cap ${cap}`})`
  const width = Math.max(...rewardRoutes([]).map(({ path }) => path.length))
  return [
    `${chosen.name}: ${marks}, scale ${scales}`,
    ...rewardRoutes([]).map(({ path, of }) => `  POST ${address}${path.padEnd(width)}  ${of}`),
    `  GET  ${address}/healthz, /metrics`,
    'Ctrl-C ends it. docs/serving.md shows what each trainer is told.',
  ]
}

/** Resolves at the first Ctrl-C or SIGTERM; the second one ends the process. */
function toldToEnd(): Promise<void> {
  return new Promise(resolve => {
    let isTold = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isTold) process.exit(1)
        isTold = true
        resolve()
      })
    }
  })
}

/** A client that makes the same failure again and again must not fill a log. */
function seldom(tell: (text: string) => void): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY
  return text => {
    if (performance.now() - last < failureIntervalMs) return
    last = performance.now()
    tell(text)
  }
}

function unusable(error: unknown, { host, port }: { host: string; port: number }): unknown {
  if (!(error instanceof Error && 'code' in error)) return error
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the server cannot listen there',
    place: `${host}:${port}`,
    expected: 'an address of this machine with a free port',
    found: error.message,
    remedy: 'give another --port (0: any free one) or another --host',
    cause: error,
  })
}
