/**
 * Temporal as a cluster has it: the production server (`--temporal BINARY`) on PostgreSQL. Both lose nothing that they have acknowledged, also by
 * SIGKILL.
 */
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { programOf } from '../../../commands/services/project.js'
import { waitUntilReady } from '../../../commands/services/ready.js'
import { attributeTypes, awaitTemporal } from '../../../commands/services/temporal.js'
import { RlevError } from '../../../pipelines/errors.js'
import type { Network } from './network.js'
import { connection, makeDatabase, requirePostgresql, runOn, unlessThere } from './postgresql.js'
import type { Server } from './server.js'

export interface ProductionOptions {
  network: Network
  folder: string
  binary: string
  address: string
  port: number
  service: { address: string; namespace: string }
}

const execute = promisify(execFile)

/** The tool that makes the tables, beside the server. */
const toolOf = (binary: string): string => join(dirname(binary), 'temporal-sql-tool')

/** What `--temporal BINARY` needs on this machine. Throws PartMissing. */
export function requireProduction(binary: string): void {
  const missing = [binary, toolOf(binary)].find(path => !existsSync(path))
  if (missing !== undefined) {
    throw new RlevError({
      kind: 'PartMissing',
      message: 'a program of the production server of Temporal is missing',
      place: missing,
      expected: 'the server, and temporal-sql-tool beside it',
      found: 'no such file',
      remedy: 'docs/durability.md says how both are built',
    })
  }
  requirePostgresql()
}

export function productionServer(options: ProductionOptions): Server {
  const { network, folder, binary, address, port, service } = options
  return {
    name: 'temporal',
    after: 'postgresql',
    before: () => makeTables({ network, binary, folder }),
    call: () => ({
      command: [binary, '--allow-no-auth', 'start'],
      env: {
        ...process.env,
        DB: 'postgres12',
        POSTGRES_SEEDS: connection.host,
        DB_PORT: String(connection.port),
        POSTGRES_USER: connection.role,
        POSTGRES_PWD: connection.password,
        NUM_HISTORY_SHARDS: '4',
        BIND_ON_IP: address,
        TEMPORAL_BROADCAST_ADDRESS: address,
        FRONTEND_GRPC_PORT: String(port),
        FRONTEND_HTTP_PORT: String(port + 10),
        DYNAMIC_CONFIG_FILE_PATH: dynamicConfig(folder),
      },
    }),
    ready: record => makeNamespace(record, service),
  }
}

async function makeTables(options: { network: Network; binary: string; folder: string }): Promise<void> {
  const { network, binary, folder } = options
  const made = join(folder, 'tables-made')
  if (existsSync(made)) return
  const { host, port, role, password } = connection
  const schemas = { temporal: 'temporal', temporal_visibility: 'visibility' }
  for (const [name, schema] of Object.entries(schemas)) {
    const place = ['--ep', host, '-p', String(port), '-u', role, '--pw', password, '--db', name]
    const tool = (...words: string[]) => runOn(network, [toolOf(binary), '--plugin', 'postgres12', ...place, ...words])
    await makeDatabase(network, name)
    await tool('setup-schema', '-v', '0.0')
    await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`)
  }
  writeFileSync(made, '')
}

async function makeNamespace(record: ProcessRecord, service: ProductionOptions['service']): Promise<void> {
  const { address, namespace } = service
  const temporal = (...words: string[]) => execute(programOf('temporal'), [...words, '--address', address])
  const name = 'the production server of Temporal'
  const isReady = async () => /^SERVING/m.test((await temporal('operator', 'cluster', 'health')).stdout)
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

/** The default of 20 polls a second lets one workflow have only 10 activities a second. */
function dynamicConfig(folder: string): string {
  const file = join(folder, 'dynamic.yaml')
  writeFileSync(file, 'history.transferProcessorMaxPollRPS:\n  - value: 2000\n')
  return file
}
