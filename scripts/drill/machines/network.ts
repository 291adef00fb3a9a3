/**
 * Machines on their own network: a network namespace each, with a private address, a cable to one switch, and a host name. They
 * reach each other and nothing else, and nothing else reaches them; the interfaces of this machine stay as they are. It needs root and
 * iproute2. `remove` ends every process on the machines and takes all of it away.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** a: servers and orchestrator. b and c: policy workers. d launches, and the drill itself runs there. e: workers that do not fit. */
export const hosts = ['a', 'b', 'c', 'd', 'e'] as const
export type Host = (typeof hosts)[number]

export const addressOf = (host: Host): string => `10.77.0.${hosts.indexOf(host) + 1}`

/** The end of its cable at the switch. */
const socketOf = (host: Host): string => `to-${host}`

/** Where iproute2 keeps the names of namespaces. */
const namesFolder = '/run/netns'
const nameForm = /^rlev-(\d+)-\w+$/

/** Why there can be no such network here; false if there can. */
export function whyNoNetwork(): string | false {
  try {
    const network = Network.make(['d'])
    try {
      const [command = '', ...args] = network.on('d', ['true'])
      execFileSync(command, args, { stdio: 'pipe' })
    } finally {
      network.remove()
    }
    return false
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return `no network namespaces here: ${(said || (error as Error).message).split('\n')[0]}`
  }
}

export class Network {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  static make(wanted: readonly Host[] = hosts): Network {
    removeLeftBehind()
    const network = new Network(`rlev-${process.pid}`)
    try {
      network.#lay(wanted)
    } catch (error) {
      network.remove()
      throw error
    }
    return network
  }

  /** One that another process made, and removes. */
  static named(name: string): Network {
    return new Network(name)
  }

  #lay(wanted: readonly Host[]): void {
    const named = this.#namespace('switch')
    ip('netns', 'add', named)
    ip('-n', named, 'link', 'add', 'name', 'board', 'type', 'bridge')
    ip('-n', named, 'link', 'set', 'dev', 'board', 'up')
    for (const host of wanted) {
      const namespace = this.#namespace(host)
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      ip('-n', named, 'link', 'add', 'name', socketOf(host), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
      ip('-n', named, 'link', 'set', 'dev', socketOf(host), 'master', 'board', 'up')
      ip('-n', namespace, 'address', 'add', `${addressOf(host)}/24`, 'dev', 'eth0')
      ip('-n', namespace, 'link', 'set', 'dev', 'eth0', 'up')
    }
  }

  /** Program and arguments that run a command on a machine. Its process id is that of the command. */
  on(host: Host, command: readonly string[]): string[] {
    const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', host]
    return ['ip', 'netns', 'exec', this.#namespace(host), ...named, ...command]
  }

  /** At the switch: the machine sees a cable without a signal, and its connections hang. */
  cable(host: Host, state: 'down' | 'up'): void {
    ip('-n', this.#namespace('switch'), 'link', 'set', 'dev', socketOf(host), state)
  }

  /** SIGKILL to all that runs on a machine. */
  async kill(host: Host): Promise<void> {
    for (let tries = 0; tries < 250; tries++) {
      const living = pidsIn(this.#namespace(host))
      if (living.length === 0) return
      for (const pid of living) killed(pid)
      await sleep(20)
    }
    throw new Error(`processes of machine ${host} outlive SIGKILL`)
  }

  /** What is there of it, at most once. */
  remove(): void {
    for (const name of namespaces()) if (name.startsWith(`${this.name}-`)) removeNamespace(name)
  }

  #namespace(part: Host | 'switch'): string {
    return `${this.name}-${part}`
  }
}

/** Of drills that were ended by SIGKILL. */
function removeLeftBehind(): void {
  const living = new Set(readdirSync('/proc'))
  for (const name of namespaces()) {
    const [, pid] = nameForm.exec(name) ?? []
    if (pid !== undefined && !living.has(pid)) removeNamespace(name)
  }
}

function namespaces(): string[] {
  try {
    return readdirSync(namesFolder)
  } catch {
    // No namespace was ever made on this machine.
    return []
  }
}

/** Without waiting for anything but the processes: it also runs when this process ends. */
function removeNamespace(name: string): void {
  for (let tries = 0; tries < 100; tries++) {
    const others = pidsIn(name).filter(pid => pid !== process.pid)
    if (others.length === 0) break
    for (const pid of others) killed(pid)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  }
  ip('netns', 'delete', name)
}

const pidsIn = (namespace: string): number[] =>
  ip('netns', 'pids', namespace)
    .split('\n')
    .filter(line => line !== '')
    .map(Number)

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
