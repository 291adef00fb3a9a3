/**
 * The servers of machine a: Temporal and MLflow, and the object store behind a proxy. Temporal is the dev server and MLflow keeps a file, or
 * both are as a cluster has them, on PostgreSQL.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProcessRecord } from '../../../activities/machine/services-record.js'
import { awaitMlflow, mlflowCall } from '../../../commands/services/mlflow.js'
import { waitUntilReady } from '../../../commands/services/ready.js'
import { awaitTemporal, devServerCall } from '../../../commands/services/temporal.js'
import { given } from '../../../pipelines/given.js'
import { bucket, gatewayCall, gatewayVariables } from '../../../test/activities/store/objects/gateway.js'
import { addressOf, type Network } from './network.js'
import { connection, makeDatabase, postgresql } from './postgresql.js'
import { productionServer } from './production.js'
import { driverFolder, hasDriver } from './python-driver.js'
import type { Server } from './server.js'

export interface ServersOptions {
  network: Network
  folder: string
  /** Path of the production server of Temporal; null for the dev server. */
  temporal: string | null
  /** Of machines that use the servers. */
  variables: NodeJS.ProcessEnv
}

const ports = { temporal: 7233, temporalUi: 8233, mlflow: 5000, store: 7070, gateway: 7071 } as const
const address = addressOf('a')

/** With which a machine finds the servers. */
export function variablesFor({ temporal }: Pick<ServersOptions, 'temporal'>): NodeJS.ProcessEnv {
  return {
    TEMPORAL_ADDRESS: `${address}:${ports.temporal}`,
    TEMPORAL_NAMESPACE: temporal === null ? 'default' : 'rlev',
    MLFLOW_TRACKING_URI: mlflowUrl,
    RLEV_STORE: `s3://${bucket}/drill`,
    ...gatewayVariables(ports.gateway),
    AWS_ENDPOINT_URL: storeUrl,
    RLEV_LOG_LEVEL: 'DEBUG',
  }
}

export const mlflowUrl = `http://${address}:${ports.mlflow}`
const storeUrl = `http://${address}:${ports.store}`

export function serversOf(options: ServersOptions): Server[] {
  const { network, folder, temporal, variables } = options
  const service = { address: variables['TEMPORAL_ADDRESS'] ?? '', namespace: variables['TEMPORAL_NAMESPACE'] ?? '' }
  if (temporal === null) return [devServer({ folder, service }), mlflow(folder), ...stores(folder)]
  const production = productionServer({ network, folder, binary: temporal, address, port: ports.temporal, service })
  const tracking = hasDriver(folder) ? mlflowOnPostgresql({ network, folder }) : mlflow(folder)
  return [postgresql({ network, folder }), production, tracking, ...stores(folder)]
}

function devServer({ folder, service }: { folder: string; service: { address: string; namespace: string } }): Server {
  return {
    name: 'temporal',
    call: () => {
      // With one address of its own the dev server does not reach itself.
      const place = { ip: '0.0.0.0', port: ports.temporal, uiPort: ports.temporalUi }
      const { command, args, env } = devServerCall({ ...place, file: join(folder, 'temporal.db') })
      return { command: [command, ...args], env }
    },
    ready: record => awaitTemporal(record, service),
  }
}

function mlflow(folder: string, { database }: { database?: string } = {}): Server {
  return {
    name: 'mlflow',
    call: () => {
      const place = { host: address, port: ports.mlflow, ...given({ database }) }
      const { command, args, env } = mlflowCall(join(folder, 'mlflow'), place)
      return { command: [command, ...args], env }
    },
    ready: record => awaitMlflow(record, { url: mlflowUrl }),
  }
}

function mlflowOnPostgresql({ network, folder }: { network: Network; folder: string }): Server {
  const { host, port, role, password } = connection
  const name = 'mlflow'
  const server = mlflow(folder, { database: `postgresql+psycopg2://${role}:${password}@${host}:${port}/${name}` })
  return {
    ...server,
    after: 'postgresql',
    before: () => makeDatabase(network, name),
    call: () => {
      const { command, env } = server.call()
      return { command, env: { ...env, PYTHONPATH: driverFolder(folder) } }
    },
  }
}

function stores(folder: string): Server[] {
  const proxy = fileURLToPath(new URL('store-proxy.js', import.meta.url))
  const isReady = async () => {
    const { status } = await fetch(storeUrl, { signal: AbortSignal.timeout(2_000) })
    return status !== 0
  }
  const ready = (name: string) => (record: ProcessRecord) =>
    waitUntilReady({ name, record, isReady, timeoutMs: 60_000 })
  return [
    {
      name: 'proxy of the store',
      call: () => ({
        command: [process.execPath, proxy, folder, address, String(ports.store), String(ports.gateway)],
        env: process.env,
      }),
      ready: async () => {},
    },
    {
      name: 'store',
      call: () => {
        const disk = join(folder, 'store')
        mkdirSync(join(disk, bucket), { recursive: true })
        return gatewayCall({ folder: disk, port: ports.gateway })
      },
      ready: ready('the object store'),
    },
  ]
}
