/**
 * PostgreSQL on machine a, for the production server of Temporal and for MLflow. What it has acknowledged it has on its disk. It refuses to
 * run as root, so it runs as the user that its package makes.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { outputOf } from '../../../commands/services/processes.js'
import { waitUntilReady } from '../../../commands/services/ready.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Network } from './network.js'
import type { Server } from './server.js'

export const connection = { host: '127.0.0.1', port: 5433, role: 'rlev', password: 'rlev' } as const

const user = 'postgres'
const execute = promisify(execFile)

export function postgresql({ network, folder }: { network: Network; folder: string }): Server {
  const data = join(folder, 'postgresql')
  return {
    name: 'postgresql',
    async before() {
      if (existsSync(data)) return
      // Another user has to come through.
      chmodSync(folder, 0o711)
      mkdirSync(data)
      execFileSync('chown', [user, data])
      await runOn(network, [...asUser, program('initdb'), '-D', data, '-U', connection.role, '-A', 'trust'])
    },
    call: () => ({
      command: [
        ...[...asUser, program('postgres'), '-D', data, '-h', connection.host],
        ...['-p', String(connection.port), '-k', data],
      ],
      env: process.env,
    }),
    async ready(record) {
      const isReady = async () => outputOf(record).includes('ready to accept connections')
      await waitUntilReady({ name: 'PostgreSQL', record, isReady, timeoutMs: 60_000 })
    },
  }
}

/** An empty one, unless it is there. */
export async function makeDatabase(network: Network, name: string): Promise<void> {
  const { host, port, role } = connection
  await unlessThere(() => runOn(network, [program('createdb'), '-h', host, '-p', String(port), '-U', role, name]))
}

/** What is made once may have been made before. */
export async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!/already exists/i.test((error as Error).message)) throw error
  }
}

export function runOn(network: Network, command: readonly string[]): Promise<unknown> {
  const [first = '', ...args] = network.on('a', command)
  return execute(first, args, { cwd: '/' })
}

const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'] as const

/** Debian keeps the programs of each version apart, and not on the path. */
function program(name: string): string {
  const path = join(versionsFolder, newestVersion() ?? '', 'bin', name)
  if (existsSync(path)) return path
  throw new RlevError({
    kind: 'PartMissing',
    message: 'PostgreSQL is not installed, which the production server of Temporal needs',
    place: path,
    remedy: 'install the package postgresql, or leave --temporal out for the dev server',
  })
}

const versionsFolder = '/usr/lib/postgresql'

const newestVersion = (): string | undefined =>
  existsSync(versionsFolder) ? readdirSync(versionsFolder).sort((a, b) => Number(b) - Number(a))[0] : undefined

/** Throws PartMissing. */
export const requirePostgresql = (): void => void program('postgres')
