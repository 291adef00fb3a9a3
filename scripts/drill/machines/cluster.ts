/** The machines at work: what runs on each of them, with the environment and the home that it has there, and what its log says. */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { membersOf } from '../../../commands/services/identity.mjs'
import { endProcess, isAlive, outputOf, startDetached } from '../../../commands/services/processes.js'
import { buildFolder, projectFolder } from '../../../commands/services/project.js'
import { awaitWorker } from '../../../commands/services/workers.js'
import { type Called, listen } from '../../../test/commands/call.js'
import { LogTail, type Moment, momentIn, momentText } from './log-tail.js'
import { type Host, hosts, type Network } from './network.js'
import type { Server } from './server.js'
import { serversOf, variablesFor } from './servers.js'
import { StoreFaults } from './store-faults.js'

/** A part is named by what it is and where: `temporal on a`. */
const workers = ['orchestrator on a', 'policy on b', 'policy on c'] as const

export interface ClusterOptions {
  network: Network
  /** For the homes, the servers' files and the logs. */
  folder: string
  /** Path of the production server; null for the dev server. */
  temporal: string | null
  say: (line: string) => void
}

export class Cluster {
  readonly network: Network
  readonly folder: string
  readonly faults: StoreFaults
  readonly #servers: readonly Server[]
  readonly #processes = new Map<string, ProcessRecord>()
  /** Of servers that others need. */
  readonly #ready = new Map<string, Promise<void>>()
  readonly #tails: Record<'b' | 'c', LogTail>
  /** That a run has ended for which a moment is waited. */
  #over = false

  private constructor({ network, folder, temporal }: ClusterOptions) {
    this.network = network
    this.folder = folder
    this.faults = new StoreFaults(folder)
    this.#tails = { b: new LogTail(this.#log('policy on b')), c: new LogTail(this.#log('policy on c')) }
    const variables = variablesFor({ temporal })
    this.#servers = serversOf({ network, folder, temporal, variables })
    // What this process asks, it asks as a command on this machine does.
    Object.assign(process.env, variables)
  }

  /** Servers first, then a home in the store, then the workers. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    try {
      const began = performance.now()
      await cluster.#startServers()
      await cluster.told('a', ['up', '--only', 'servers'])
      await Promise.all(workers.map(part => cluster.startWorker(part)))
      options.say(`servers and workers answer (${((performance.now() - began) / 1000).toFixed(0)} s)`)
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  home(host: Host): string {
    return join(this.folder, host)
  }

  /** `rlev` on a machine. */
  command(host: Host, words: readonly string[], options: Build = {}): Promise<Called> {
    const { variables = {}, build = buildFolder, home = this.home(host) } = options
    const call = [process.execPath, join(build, 'commands', 'main.js'), ...words, '--home', home]
    const [program = '', ...args] = this.network.on(host, call)
    const child = spawn(program, args, {
      cwd: projectFolder,
      env: { ...process.env, RLEV_WORKERS: 'none', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return listen(child).done
  }

  /** The same, which must end well. */
  async told(host: Host, words: readonly string[], place: Build = {}): Promise<string> {
    const { status, out, err } = await this.command(host, words, place)
    if (status === 0) return out
    throw new Error(`\`rlev ${words.join(' ')}\` on machine ${host} ended with ${status}: ${err.slice(-1000)}`)
  }

  async startWorker(part: string, options: Build = {}): Promise<void> {
    const record = await this.beginWorker(part, options)
    await awaitWorker(record, part.startsWith('orchestrator') ? 'orchestrator' : 'policy')
  }

  /** Whether it becomes ready is not looked at. */
  async beginWorker(part: string, options: Build = {}): Promise<ProcessRecord> {
    const { variables = {}, build = buildFolder, home, processor } = options
    const [kind, host] = part.split(' on ') as [string, Host]
    const folder = home ?? this.home(host)
    mkdirSync(folder, { recursive: true })
    const queue = kind === 'orchestrator' ? 'rlev' : 'rlev-gpu'
    const words = ['worker', '--queue', queue, '--home', folder]
    return this.#start(part, host, {
      command: [...onProcessor(processor), process.execPath, join(build, 'commands', 'main.js'), ...words],
      env: { ...process.env, ...variables },
    })
  }

  /** SIGKILL, with its group. */
  async kill(part: string): Promise<void> {
    const record = this.#processes.get(part)
    if (record !== undefined) await endProcess(record, { timeoutMs: 0 })
  }

  /** SIGTERM, and SIGKILL if it takes longer than a person would wait. */
  async end(part: string): Promise<void> {
    const record = this.#processes.get(part)
    if (record !== undefined) await endProcess(record, { timeoutMs: 30_000 })
  }

  killEngine(part: string): void {
    const record = this.#processes.get(part)
    if (!isAlive(record)) return
    for (const pid of membersOf(record.pid)) if (pid !== record.pid) process.kill(pid, 'SIGKILL')
  }

  outputOf(part: string): string {
    const record = this.#processes.get(part)
    return record === undefined ? '' : outputOf(record, 1_000_000)
  }

  lives(part: string): boolean {
    return isAlive(this.#processes.get(part))
  }

  /** All that runs there ends at once, and its disk is gone. Another machine with an empty home takes its place. */
  async replace(host: 'b' | 'c'): Promise<void> {
    await this.network.kill(host)
    rmSync(this.home(host), { recursive: true, force: true })
    await this.startWorker(`policy on ${host}`)
  }

  /** What a case has left dead, cut off or struck is as at the beginning. */
  async mend(): Promise<void> {
    this.faults.none()
    for (const host of ['a', 'b', 'c'] as const) this.network.cable(host, 'up')
    await this.#startServers()
    await Promise.all(workers.filter(part => !this.lives(part)).map(part => this.startWorker(part)))
  }

  /** Servers that do not live, in their order. */
  async #startServers(): Promise<void> {
    await Promise.all(
      this.#servers.map(async server => {
        if (server.after !== undefined) await this.#ready.get(server.after)
        const started = this.#startServer(server)
        this.#ready.set(server.name, started)
        await started
      }),
    )
  }

  async #startServer(server: Server): Promise<void> {
    const part = `${server.name} on a`
    if (this.lives(part)) return
    await server.before?.()
    await server.ready(await this.#start(part, 'a', server.call()))
  }

  async #start(part: string, host: Host, call: { command: readonly string[]; env: NodeJS.ProcessEnv }) {
    const [command = '', ...args] = this.network.on(host, call.command)
    const record = await startDetached({ command, args, log: this.#log(part), cwd: projectFolder, env: call.env })
    this.#processes.set(part, record)
    return record
  }

  #log(part: string): string {
    return join(this.folder, 'logs', `${part.replaceAll(' ', '-')}.log`)
  }

  /** What is said from now on belongs to the run that begins. */
  mark(): void {
    this.#over = false
    for (const tail of Object.values(this.#tails)) tail.mark()
  }

  /** The run has ended: who waits for a moment of it, waits in vain. */
  over(): void {
    this.#over = true
  }

  /** Waits until a policy worker says that a moment of the run has come, and gives its machine. */
  async moment(moment: Moment): Promise<'b' | 'c'> {
    for (;;) {
      for (const host of ['b', 'c'] as const) if (momentIn(this.#tails[host].entries(), moment)) return host
      if (this.#over) throw new Error(`the run ended before ${momentText(moment)}`)
      await sleep(50)
    }
  }

  /** The machine that begins to sample next, of b and c or of one of them. */
  async nextSampler(of: readonly ('b' | 'c')[] = ['b', 'c']): Promise<'b' | 'c'> {
    const sampled = (host: 'b' | 'c') =>
      this.#tails[host].entries().filter(({ message }) => message === 'sampling').length
    const before = { b: sampled('b'), c: sampled('c') }
    for (;;) {
      for (const host of of) if (sampled(host) > before[host]) return host
      if (this.#over) throw new Error('the run ended before another step was sampled')
      await sleep(50)
    }
  }

  /** Waits for the end of the run. */
  async ended(): Promise<void> {
    while (!this.#over) await sleep(100)
  }

  /** Of the run: how often a step was begun, and how often again. */
  samplings(): { begun: number; again: number; replayed: number } {
    const entries = Object.values(this.#tails).flatMap(tail => tail.entries())
    const sampled = entries.filter(({ message }) => message === 'sampling')
    const steps = new Set(sampled.map(({ run, step }) => `${run} ${step}`))
    const replayed = entries.filter(({ message }) => message === 'step replayed').length
    return { begun: sampled.length, again: sampled.length - steps.size, replayed }
  }

  async stop(): Promise<void> {
    for (const host of hosts) if (host !== 'd') await this.network.kill(host)
  }
}

export interface Build {
  /** Beside those of the machine. */
  variables?: NodeJS.ProcessEnv
  /** The compiled tree; this one unless said. */
  build?: string
  /** That of the machine unless said. */
  home?: string
  /** File that says what the kernel would of another processor; for workers. */
  processor?: string
}

/** What a machine's command begins with is alone with its mounts. */
const onProcessor = (file: string | undefined): string[] =>
  file === undefined ? [] : ['sh', '-c', 'mount --bind "$0" /proc/cpuinfo && exec "$@"', file]
