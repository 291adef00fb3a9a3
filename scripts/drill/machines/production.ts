/**
 * Temporal as a cluster has it: the production server (`--temporal BINARY`, with the programs beside it) on PostgreSQL. Both lose nothing
 * that they have acknowledged, also by SIGKILL. PostgreSQL refuses to run as root, so it runs as the user that its package makes.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { outputOf } from '../../../commands/services/processes.js'
import { programOf } from '../../../commands/services/project.js'
import { waitUntilReady } from '../../../commands/services/ready.js'
import { attributeTypes, awaitTemporal } from '../../../commands/services/temporal.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Network } from './network.js'
import type { Server } from './server.js'

export interface ProductionOptions {
  network: Network
  folder: string
  binary: string
  address: string
  port: number
  service: { address: string; namespace: string }
}

const user = 'postgres'
const database = { host: '127.0.0.1', port: 5433, role: 'rlev', password: 'rlev' } as const
const execute = promisify(execFile)

export function productionServers(options: ProductionOptions): Server[] {
  const { network, folder, binary, address, port, service } = options
  const data = join(folder, 'postgresql')
  const here = (...command: string[]) => runOn(network, command)
  return [
    {
      name: 'postgresql',
      async before() {
        if (existsSync(data)) return
        // Another user has to come through.
        chmodSync(folder, 0o711)
        mkdirSync(data)
        execFileSync('chown', [user, data])
        await here(...asUser, program('initdb'), '-D', data, '-U', database.role, '-A', 'trust')
      },
      call: () => ({
        command: [
          ...[...asUser, program('postgres'), '-D', data, '-h', database.host],
          ...['-p', String(database.port), '-k', data],
        ],
        env: process.env,
      }),
      async ready(record) {
        const isReady = async () => outputOf(record).includes('ready to accept connections')
        await waitUntilReady({ name: 'PostgreSQL', record, isReady, timeoutMs: 60_000 })
      },
    },
    {
      name: 'temporal',
      after: 'postgresql',
      before: () => makeTables(here, binary, folder),
      call: () => ({
        command: [binary, '--allow-no-auth', 'start'],
        env: {
          ...process.env,
          DB: 'postgres12',
          POSTGRES_SEEDS: database.host,
          DB_PORT: String(database.port),
          POSTGRES_USER: database.role,
          POSTGRES_PWD: database.password,
          NUM_HISTORY_SHARDS: '4',
          BIND_ON_IP: address,
          TEMPORAL_BROADCAST_ADDRESS: address,
          FRONTEND_GRPC_PORT: String(port),
          FRONTEND_HTTP_PORT: String(port + 10),
          DYNAMIC_CONFIG_FILE_PATH: dynamicConfig(folder),
        },
      }),
      ready: record => makeNamespace(record, service),
    },
  ]
}

type Here = (...command: string[]) => Promise<unknown>

const tablesFile = (folder: string): string => join(folder, 'tables-made')

async function makeTables(here: Here, binary: string, folder: string): Promise<void> {
  if (existsSync(tablesFile(folder))) return
  const { host, port, role, password } = database
  const tool = join(dirname(binary), 'temporal-sql-tool')
  const schemas = { temporal: 'temporal', temporal_visibility: 'visibility' }
  for (const [name, schema] of Object.entries(schemas)) {
    const place = [
      '--plugin',
      'postgres12',
      '--ep',
      host,
      '-p',
      String(port),
      '-u',
      role,
      '--pw',
      password,
      '--db',
      name,
    ]
    await here(program('createdb'), '-h', host, '-p', String(port), '-U', role, name)
    await here(tool, ...place, 'setup-schema', '-v', '0.0')
    await here(tool, ...place, 'update-schema', '--schema-name', `postgresql/v12/${schema}`)
  }
  writeFileSync(tablesFile(folder), '')
}

async function makeNamespace(record: ProcessRecord, service: ProductionOptions['service']): Promise<void> {
  const { address, namespace } = service
  const temporal = (...words: string[]) => execute(programOf('temporal'), [...words, '--address', address])
  const name = 'the production server of Temporal'
  const isReady = async () => (await temporal('operator', 'cluster', 'health')).stdout.includes('SERVING')
  await waitUntilReady({ name, record, isReady, timeoutMs: 120_000, interval: 500 })
  await unlessThere(() => temporal('operator', 'namespace', 'create', '-n', namespace, '--retention', '30d'))
  const flags = Object.entries(attributeTypes).flatMap(([one, type]) => ['--name', one, '--type', type])
  // A new namespace is known to each part of the server within some seconds.
  const isMade = async () => {
    await unlessThere(() => temporal('operator', 'search-attribute', 'create', '-n', namespace, ...flags))
    return true
  }
  await waitUntilReady({ name, record, isReady: isMade, timeoutMs: 60_000, interval: 1_000 })
  await awaitTemporal(record, service)
}

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!/already exists/i.test((error as Error).message)) throw error
  }
}

/** The default of 20 polls a second lets one workflow have only 10 activities a second. */
function dynamicConfig(folder: string): string {
  const file = join(folder, 'dynamic.yaml')
  writeFileSync(file, 'history.transferProcessorMaxPollRPS:\n  - value: 2000\n')
  return file
}

const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'] as const

/** Debian keeps the programs of each version apart, and not on the path. */
function program(name: string): string {
  const versions = '/usr/lib/postgresql'
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0] : undefined
  if (newest !== undefined) return join(versions, newest, 'bin', name)
  throw new RlevError({
    kind: 'PartMissing',
    message: 'PostgreSQL is not installed, which the production server of Temporal needs',
    place: versions,
    remedy: 'install the package postgresql, or leave --temporal out for the dev server',
  })
}

function runOn(network: Network, command: readonly string[]): Promise<unknown> {
  const [first = '', ...args] = network.on('a', command)
  return execute(first, args, { cwd: '/' })
}
