/**
 * The Temporal server of a home: the dev server of the Temporal command-line program over a SQLite file, or any server
 * that the SDK's environment configuration names (TEMPORAL_ADDRESS, a profile), which is then not ours to start or end.
 */

import { join } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { withoutSecrets } from '../../activities/machine/secrets.js'
import type { ProcessRecord, Services, ServicesRecord } from '../../activities/machine/services-record.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { searchAttributes } from '../../workflows/search-attributes.js'
import type { Home } from './home.js'
import { logFile } from './home.js'
import { startDetached } from './processes.js'
import { programOf } from './project.js'
import { waitUntilReady } from './ready.js'

/** Names and types of the search attributes, as the Temporal command line writes them. */
const cliTypes = { KEYWORD: 'Keyword', INT: 'Int', DOUBLE: 'Double' } as const
export const attributeTypes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(searchAttributes).map(({ name, type }) => [name, cliTypes[type]]),
)

export type TemporalService = Services['temporal']

/**
 * The server that the environment names, with the address of its Web UI in `TEMPORAL_UI_ADDRESS`; undefined if it names no server, and
 * the home's own server is used.
 */
export function externalTemporal(): TemporalService | undefined {
  const { connectionOptions, namespace } = loadClientConnectConfig()
  const { address } = connectionOptions
  if (address === undefined) return undefined
  const uiUrl = process.env['TEMPORAL_UI_ADDRESS']?.trim().replace(/\/+$/, '') || undefined
  return { address, namespace: namespace ?? 'default', ...given({ uiUrl }) }
}

export function localTemporal(ports: ServicesRecord['ports'], pid?: number): TemporalService {
  const { temporal: port = 0, temporalUi: uiPort = 0 } = ports
  return {
    address: `127.0.0.1:${port}`,
    namespace: 'default',
    uiUrl: `http://127.0.0.1:${uiPort}`,
    port,
    uiPort,
    ...given({ pid }),
  }
}

export function startTemporal(home: Home, { port = 0, uiPort = 0 }: TemporalService): Promise<ProcessRecord> {
  const file = join(home.path, 'temporal.db')
  return startDetached({
    ...devServerCall({ ip: '127.0.0.1', port, uiPort, file }),
    log: logFile(home, 'temporal'),
    cwd: home.path,
  })
}

/** How the dev server is started that listens at `ip` and keeps its database in `file`. */
export function devServerCall(place: { ip: string; port: number; uiPort: number; file: string }) {
  const { ip, port, uiPort, file } = place
  const args = [
    ['server', 'start-dev', '--ip', ip, '--port', String(port), '--ui-port', String(uiPort)],
    ['--db-filename', file, '--log-level', 'warn'],
    ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
    // The default of 20 polls a second lets one workflow have only 10 activities a second.
    ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    // By default tasks wait in four partitions of a queue: where few workers poll, one waits up to two seconds beside an idle worker. All
    // four are still read: a database of before may have tasks there.
    ['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
    Object.entries(attributeTypes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ].flat()
  return { command: programOf('temporal'), args, env: withoutSecrets(process.env) }
}

/** Ready is: it answers gRPC, its namespace is there, and so are the search attributes. */
export async function awaitTemporal(record: ProcessRecord, service: TemporalService): Promise<void> {
  const isReady = async () => (await missingAttributes(service)).length === 0
  await waitUntilReady({ name: 'the Temporal server', record, isReady, timeoutMs: 60_000 })
}

/**
 * Looks whether a server that is not ours is fit for rlev.
 * @throws RlevError ServiceUnavailable when it does not answer, or lacks search attributes (with the command that adds them).
 */
export async function checkExternalTemporal(service: TemporalService): Promise<void> {
  let missing: string[]
  try {
    missing = await missingAttributes(service)
  } catch (cause) {
    throw new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the Temporal server named by the environment does not answer',
      place: service.address,
      expected: `a Temporal server with the namespace ${service.namespace}`,
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'correct TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE or the profile, or unset them for a server of this home',
      cause,
    })
  }
  if (missing.length === 0) return
  const flags = missing.map(name => `--name ${name} --type ${attributeTypes[name]}`).join(' ')
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the Temporal server lacks search attributes of rlev',
    place: `${service.address}, namespace ${service.namespace}`,
    expected: Object.keys(attributeTypes).join(', '),
    found: `all but ${missing.join(', ')}`,
    remedy: `temporal operator search-attribute create --address ${service.address} --namespace ${service.namespace} ${flags}`,
  })
}

/** Whether a server answers there within two seconds. */
export async function temporalAnswers(service: TemporalService): Promise<boolean> {
  try {
    await missingAttributes(service, 2_000)
    return true
  } catch {
    // Any failure of the call is the answer no.
    return false
  }
}

async function missingAttributes(service: TemporalService, connectTimeout = 5_000): Promise<string[]> {
  // Loaded here and not above: the client takes half a second, which commands that only read the home need not wait.
  const { Connection } = await import('@temporalio/client')
  const external = externalTemporal()
  const options = external?.address === service.address ? loadClientConnectConfig().connectionOptions : {}
  const connection = await Connection.connect({ ...options, address: service.address, connectTimeout })
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: service.namespace })
    return Object.keys(attributeTypes).filter(name => !Object.hasOwn(customAttributes ?? {}, name))
  } finally {
    await connection.close()
  }
}
