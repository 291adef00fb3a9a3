/** Real services for tests: a Temporal server, an MLflow server and workers over a home in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { codeOfThisProcess } from '../activities/machine/code.js'
import { type ProcessRecord, type Services, writeRecord } from '../activities/machine/services-record.js'
import { homeId } from '../activities/workplace.js'
import type { Home } from '../commands/services/home.js'
import { awaitMlflow, localMlflow, startMlflow } from '../commands/services/mlflow.js'
import { claimPort } from '../commands/services/ports.js'
import { endProcess } from '../commands/services/processes.js'
import { awaitTemporal, localTemporal, startTemporal } from '../commands/services/temporal.js'
import { awaitWorker, startWorker, type WorkerName } from '../commands/services/workers.js'
import { type Queues, queuesOf } from '../workflows/queues.js'

export class TestServices {
  readonly home: Home
  readonly services: Services
  readonly #processes: ProcessRecord[] = []
  #client: Client | undefined
  #mlflow: ProcessRecord | undefined

  private constructor(home: Home, services: Services) {
    this.home = home
    this.services = services
  }

  /** A temporary home with the servers asked for; `stop` ends all that it started. */
  static async start({ temporal, mlflow }: { temporal: boolean; mlflow: boolean }): Promise<TestServices> {
    // A test starts its own servers, even if the shell names others.
    delete process.env['TEMPORAL_ADDRESS']
    delete process.env['MLFLOW_TRACKING_URI']
    const home: Home = { path: mkdtempSync(join(tmpdir(), 'rlev-test-')) }
    const port = await claimPort(undefined)
    const temporalUi = await claimPort(undefined, [port])
    const mlflowPort = await claimPort(undefined, [port, temporalUi])
    const services: Services = {
      temporal: localTemporal({ temporal: port, temporalUi }),
      mlflow: localMlflow(mlflowPort),
      workers: {},
    }
    writeRecord(home, { ports: {}, processes: {}, services })
    const test = new TestServices(home, services)
    try {
      await Promise.all([...(temporal ? [test.#startTemporal()] : []), ...(mlflow ? [test.startMlflow()] : [])])
    } catch (error) {
      await test.stop()
      throw error
    }
    return test
  }

  get path(): string {
    return this.home.path
  }

  /** Of the workers that it starts. */
  get queues(): Queues {
    return queuesOf({ home: homeId(this.path), code: codeOfThisProcess().digest })
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('this test has no Temporal server')
    return this.#client
  }

  async #startTemporal(): Promise<void> {
    const record = await startTemporal(this.home, this.services.temporal)
    this.#processes.push(record)
    await awaitTemporal(record, this.services.temporal)
    this.#client = new Client({ connection: await Connection.connect({ address: this.services.temporal.address }) })
  }

  async startMlflow(): Promise<void> {
    const record = await startMlflow(this.home, Number(new URL(this.services.mlflow.url).port))
    this.#processes.push(record)
    this.#mlflow = record
    await awaitMlflow(record, this.services.mlflow)
  }

  async killMlflow(): Promise<void> {
    if (this.#mlflow !== undefined) await this.kill(this.#mlflow)
  }

  /** `services`: where it is to look for the servers; a proxy may be in between. */
  async startWorker(name: WorkerName, services = this.services): Promise<ProcessRecord> {
    const record = await startWorker(this.home, name, { services })
    this.#processes.push(record)
    await awaitWorker(record, name)
    return record
  }

  /** Ends one of the processes at once, as a crash would. */
  async kill(record: ProcessRecord): Promise<void> {
    await endProcess(record, { timeoutMs: 0 })
  }

  async stop(): Promise<void> {
    await this.#client?.connection.close()
    for (const record of this.#processes.reverse()) await endProcess(record, { timeoutMs: 5000 })
    if (process.env['RLEV_TEST_KEEP'] === undefined) rmSync(this.path, { recursive: true, force: true })
  }
}
