/** A real S3 server for tests: versitygw over a temporary folder, and a proxy before it that strikes where a test says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { claimPort } from '../../../../commands/services/ports.js'
import { partsFile } from '../../../../commands/services/project.js'

export const bucket = 'rlev'

/** Why there is no server for the tests of the object store; false if there is one. */
export function whyNoGateway(): string | false {
  const command = gatewayCommand()
  if (command !== undefined && existsSync(command)) return false
  return 'versitygw is not built: `node scripts/setup.mjs --only versitygw` builds it with Go, in minutes'
}

function gatewayCommand(): string | undefined {
  if (!existsSync(partsFile())) return undefined
  const parts = JSON.parse(readFileSync(partsFile(), 'utf8')) as { versitygw?: { command: string } }
  return parts.versitygw?.command
}

export class Gateway {
  readonly folder: string
  readonly port: number
  readonly #process: ChildProcess

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.folder = folder
    this.port = port
    this.#process = process
  }

  static async start(): Promise<Gateway> {
    const folder = mkdtempSync(join(tmpdir(), 'rlev-gateway-'))
    // A folder is a bucket.
    mkdirSync(join(folder, bucket))
    const port = await claimPort()
    const { command, env } = gatewayCall({ folder, port })
    const child = spawn(command[0] ?? '', command.slice(1), { env, stdio: 'ignore' })
    for (let tries = 0; tries < 200; tries++) {
      if (child.exitCode !== null) throw new Error(`versitygw ended with status ${child.exitCode}`)
      if (await answers(port)) return new Gateway(folder, port, child)
      await sleep(50)
    }
    throw new Error('versitygw does not answer')
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Program, arguments and environment of a server over the buckets of a folder. */
export function gatewayCall({ folder, port }: { folder: string; port: number }) {
  return {
    command: [gatewayCommand() ?? '', '--port', `127.0.0.1:${port}`, 'posix', folder],
    env: { ...process.env, ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY },
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`)
    return true
  } catch {
    return false
  }
}

const keys = { AWS_ACCESS_KEY_ID: 'RLEVTESTACCESSKEY', AWS_SECRET_ACCESS_KEY: 'rlev-test-secret-access-key' }

/** Variables with which a process finds the server on a port. */
export function gatewayVariables(port: number): Record<string, string> {
  return { ...keys, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }
}

/** Sets the variables in this process. Gives what takes them back. */
export function useGateway(port: number, more: Record<string, string> = {}): () => void {
  const variables = { ...gatewayVariables(port), ...more }
  const before = Object.keys(variables).map(name => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** `swallow`: the server does it, and its answer is lost. `cut`: the server gets nothing. */
export type Fault = 'none' | 'slowDown' | 'conflict' | 'swallow' | 'cut' | { delayMs: number }

export interface Call {
  method: string
  /** With the bucket. */
  path: string
  query: URLSearchParams
}

/** Asked at each request what is to happen to it. */
export type Strike = (call: Call) => Fault | Promise<Fault>

export class FaultyGateway {
  readonly port: number
  readonly #stop: () => Promise<void>

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port
    this.#stop = stop
  }

  /** `host` and `port`: where it listens. */
  static async before(
    { port: target }: Pick<Gateway, 'port'>,
    strike: Strike,
    { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
  ): Promise<FaultyGateway> {
    const server = createServer((incoming, response) => {
      serve({ incoming, response, target, strike }).catch((error: Error) => response.destroy(error))
    })
    server.listen(port, host)
    await once(server, 'listening')
    return new FaultyGateway((server.address() as AddressInfo).port, async () => {
      server.closeAllConnections()
      server.close()
    })
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}

async function serve(options: {
  incoming: IncomingMessage
  response: ServerResponse
  target: number
  strike: Strike
}): Promise<void> {
  const { incoming, response, target, strike } = options
  // A connection may break also after its request is done, when nothing waits for it here: its client sees it, and repeats the request.
  for (const side of [incoming, response]) side.on('error', () => {})
  const body = Buffer.concat(await incoming.toArray())
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://gateway')
  const fault = await strike({ method: incoming.method ?? '', path: decodeURIComponent(pathname), query: searchParams })
  if (fault === 'cut') return void incoming.socket.resetAndDestroy()
  if (fault === 'slowDown') return refuse(response, 503, 'SlowDown')
  if (fault === 'conflict') return refuse(response, 409, 'ConditionalRequestConflict')
  if (typeof fault === 'object') await sleep(fault.delayMs)
  const answer = await pass(incoming, body, target)
  if (fault === 'swallow') return void incoming.socket.resetAndDestroy()
  response.writeHead(answer.status, answer.headers)
  response.end(answer.body)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>as the test wants</Message></Error>`)
}

async function pass(
  incoming: IncomingMessage,
  body: Buffer,
  port: number,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const { method, url: path, headers } = incoming
  const sent = request({ host: '127.0.0.1', port, method, path, headers })
  // The server may answer before it has the whole body, and close: what is still written then fails, and the answer counts.
  sent.on('error', () => {})
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(await answer.toArray()) }
}
