/** A server of rewards inside a test: real HTTP on a free loopback port. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Scorer } from '../../../commands/serve/scorer.js'
import { servedArm } from '../../../commands/serve/served-arm.js'
import { makeServer, type ServerLimits } from '../../../commands/serve/server.js'
import { given } from '../../../pipelines/given.js'

export interface Serving {
  url: string
  port: number
  /** What the server told of its own failures. */
  failures: string[]
  /** Makes the server give up what is under way. */
  giveUp: (reason: unknown) => void
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<{ status: number; body: unknown }>
  get: (path: string) => Promise<string>
  end: () => Promise<void>
}

/** `t`: at whose end the server ends; without it `end` is called. */
export async function startServing({
  t,
  set = [],
  config,
  arm: name,
  token,
  ends = [],
  limits = {},
}: {
  t?: TestContext
  set?: readonly string[]
  /** By default that of `rlev score`. */
  config?: string
  arm?: string
  token?: string
  ends?: readonly string[]
  limits?: Partial<ServerLimits>
} = {}): Promise<Serving> {
  const home = mkdtempSync(join(tmpdir(), 'rlev-serve-'))
  const { arm, chosen } = await servedArm({ set, ...given({ config, arm: name }) }, home)
  const scorer = new Scorer({ arm, judge: chosen.config.judge, home })
  await scorer.load()
  const stop = new AbortController()
  const failures: string[] = []
  const onFailure = (text: string) => failures.push(text)
  const app = makeServer({ arm, scorer, token, ends, limits, stop: stop.signal, onFailure })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const end = async () => {
    stop.abort(new Error('the test ends'))
    app.server.closeAllConnections()
    await app.close()
    await scorer.end()
    rmSync(home, { recursive: true })
  }
  t?.after(end)
  return {
    url,
    port,
    failures,
    giveUp: reason => stop.abort(reason),
    post: async (path, body, headers = {}) => {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: answer.status, body: (await answer.json()) as unknown }
    },
    get: async path => (await fetch(`${url}${path}`)).text(),
    end,
  }
}
