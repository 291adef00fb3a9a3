/**
 * The MLflow server of a home: a SQLite file and a folder of artifacts; or the server that MLFLOW_TRACKING_URI names,
 * which is then not ours to start or end.
 */

import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withoutSecrets } from '../../activities/machine/secrets.js'
import type { ProcessRecord, Services } from '../../activities/machine/services-record.js'
import { authentication, namedServer } from '../../activities/mlflow/address.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { Home } from './home.js'
import { logFile } from './home.js'
import { startDetached } from './processes.js'
import { programOf, readParts } from './project.js'
import { waitUntilReady } from './ready.js'

export type MlflowService = Services['mlflow']

/** @throws RlevError CallInvalid when MLFLOW_TRACKING_URI is no HTTP address: rlev speaks to a server, not to files. */
export function externalMlflow(): MlflowService | undefined {
  const server = namedServer()
  return server === undefined ? undefined : { url: server.address }
}

export const localMlflow = (port: number | undefined, pid?: number): MlflowService => ({
  url: `http://127.0.0.1:${port ?? 0}`,
  ...given({ pid }),
})

/**
 * `mlflow server` in one process. The command imports all of MLflow, prepares the database and starts uvicorn as a second
 * process, which imports the same again: 5 s of CPU time and 250 MB. Here uvicorn runs where the command would start it.
 * uvicorn is imported first because MLflow looks for it to see whether it is a server. A version of MLflow that has no
 * such call to replace runs as its command does.
 */
const oneProcess = `
import os, sys
import uvicorn
import mlflow.server
from mlflow.cli import cli

def run_here(command, extra_env=None, **_):
    os.environ.update(extra_env or {})
    uvicorn.main(command[command.index("uvicorn") + 1:])

if hasattr(mlflow.server, "_exec_cmd"):
    mlflow.server._exec_cmd = run_here
sys.argv[0] = "mlflow"
cli()
`

export function startMlflow(home: Home, port: number): Promise<ProcessRecord> {
  const folder = join(home.path, 'mlflow')
  const call = mlflowCall(folder, { host: '127.0.0.1', port })
  giveTables(databaseIn(folder))
  return startDetached({ ...call, log: logFile(home, 'mlflow'), cwd: folder })
}

const databaseIn = (folder: string): string => join(folder, 'mlflow.db')

/** For a new home, those that set-up has made; without them the server makes its own, which takes it a second. */
function giveTables(database: string): void {
  const from = readParts().mlflow?.emptyDatabase
  if (from === undefined || existsSync(database) || !existsSync(from)) return
  copyFileSync(from, `${database}.new`)
  renameSync(`${database}.new`, database)
}

/** How the server is started that listens at `host` and keeps all in `folder`, or what is no artifact in the database of an address. */
export function mlflowCall(folder: string, place: { host: string; port: number; database?: string }) {
  const { host, port, database = `sqlite:///${databaseIn(folder)}` } = place
  const artifacts = join(folder, 'artifacts')
  mkdirSync(artifacts, { recursive: true })
  const { PYTHONPATH: _path, PYTHONHOME: _home, ...env } = withoutSecrets(process.env)
  return {
    command: join(dirname(programOf('mlflow')), 'python'),
    args: [
      ['-c', oneProcess, 'server', '--host', host, '--port', String(port), '--workers', '1'],
      ['--backend-store-uri', database, '--artifacts-destination', artifacts],
    ].flat(),
    env: {
      ...env,
      PYTHONUNBUFFERED: '1',
      // The job runner is for evaluations inside MLflow: 0.3 GB that rlev has no use for.
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
    },
  }
}

export async function awaitMlflow(record: ProcessRecord, service: MlflowService): Promise<void> {
  const isReady = () => mlflowAnswers(service)
  await waitUntilReady({ name: 'the MLflow server', record, isReady, timeoutMs: 180_000, interval: 250 })
}

/** @throws RlevError ServiceUnavailable when the server of MLFLOW_TRACKING_URI does not answer, or refuses whom or what it does not know. */
export async function checkExternalMlflow(service: MlflowService): Promise<void> {
  if (await mlflowAnswers(service, 10_000)) return refuseIfRefused(service)
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the MLflow server named by MLFLOW_TRACKING_URI does not answer',
    place: `${service.url}/health`,
    expected: 'status 200',
    found: 'no answer, or another status',
    remedy: 'start it or correct the address, or unset MLFLOW_TRACKING_URI for a server of this home',
  })
}

/** `/health` answers every caller under every name; the API does not. */
async function refuseIfRefused(service: MlflowService): Promise<void> {
  const place = `${service.url}/api/2.0/mlflow/experiments/search?max_results=1`
  // One that is slow is waited for in the runs.
  const { status, text } = await ask(service, place, 10_000).catch(() => ({ status: 0, text: '' }))
  if (status !== 401 && status !== 403) return
  const isHost = text.includes('Invalid Host header')
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the MLflow server named by MLFLOW_TRACKING_URI refuses its API',
    place,
    expected: 'status 200',
    found: `status ${status}: ${text}`,
    remedy: isHost
      ? `start MLflow with --allowed-hosts ${new URL(service.url).host}, so that it knows its own name`
      : 'set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to those of a user of the server',
  })
}

async function ask(service: MlflowService, url: string, timeoutMs: number) {
  const headers = namedServer()?.address === service.url ? authentication(process.env) : {}
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) })
  return { status: answer.status, isWell: answer.ok, text: await answer.text() }
}

export async function mlflowAnswers(service: MlflowService, timeoutMs = 2_000): Promise<boolean> {
  try {
    return (await ask(service, `${service.url}/health`, timeoutMs)).isWell
  } catch {
    // Refused or too slow: the answer is no.
    return false
  }
}
