/**
 * Experiments by real workers whose ways to Temporal and to MLflow lead through proxies: with MLflow away from the first step
 * to the last; and in a storm of cuts, delays, 503s after the commit and outages.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import type { Services } from '../../../activities/machine/services-record.js'
import { MlflowClient } from '../../../activities/mlflow/client.js'
import { readResult } from '../../../activities/store/runs/runs.js'
import { lookAtRun } from '../../../commands/runs/run-status.js'
import { TemporalRuns } from '../../../commands/runs/temporal-runs.js'
import { stream } from '../../../pipelines/random.js'
import { TestServices } from '../../../test/services.js'
import { tinyConfig } from '../../../test/workflows/tiny.js'
import type { experiment } from '../../../workflows/experiment.js'
import { type Counts, type Rates, struck } from '../proxies/faults.js'
import { HttpProxy } from '../proxies/http-proxy.js'
import { TcpProxy } from '../proxies/tcp-proxy.js'
import { differences, type Outcome, outcomeOf } from './outcome.js'

export interface ExperimentsFound {
  failures: string[]
  experiments: number
  /** Points of one experiment. */
  points: number
  mlflow: Counts
  temporal: Counts
  /** Seconds from the start to the result in the store: with MLflow there, and away. */
  thereSeconds: number
  awaySeconds: number
}

export interface ExperimentsOptions {
  seed: number
  steps: number
  /** Experiments in the storm, all at once. */
  experiments: number
  /** Outages of each of the two servers in the storm. */
  outages: number
  say: (line: string) => void
}

const mlflowRates: Rates = {
  cutBefore: 0.05,
  cutAfter: 0.05,
  cutWithin: 0.05,
  unavailable: 0.2,
  delay: 0.1,
  longestDelay: 300,
}
/** Of pieces that a client sends; an activity is some ten of them. */
const temporalRates: Rates = { cutBefore: 0.004, cutAfter: 0.004, cutWithin: 0.004, delay: 0.05, longestDelay: 200 }

type Handle = WorkflowHandleWithFirstExecutionRunId<typeof experiment>

/** Seconds that one experiment may take. */
const limit = 240

export async function runExperiments(options: ExperimentsOptions): Promise<ExperimentsFound> {
  const { seed, say, experiments } = options
  const services = await TestServices.start({ temporal: true, mlflow: true })
  const { temporal, mlflow } = services.services
  const target = { temporal: temporal.port ?? 0, mlflow: Number(new URL(mlflow.url).port) }
  const proxies = {
    temporal: await TcpProxy.start({ target: target.temporal, seed, rates: temporalRates }),
    mlflow: await HttpProxy.start({ target: target.mlflow, seed, rates: mlflowRates }),
    faultless: await HttpProxy.start({ target: target.mlflow, seed, rates: {} }),
  }
  try {
    const drill = new Drill(services, options)
    say('undisturbed')
    await drill.workersThrough({ temporal: temporal.address, mlflow: proxies.faultless.url })
    await drill.undisturbed('undisturbed')
    // Once more, now that the warm start is in the store as it is for the others.
    const thereSeconds = await drill.undisturbed('there')
    say('MLflow away')
    const awaySeconds = await drill.away(proxies.faultless)
    if (awaySeconds > 2 * thereSeconds + 10)
      drill.failures.push(`without MLflow training took ${awaySeconds} s, with it ${thereSeconds} s`)

    say(`${experiments} ${experiments === 1 ? 'experiment' : 'experiments'} in the storm`)
    await drill.workersThrough({ temporal: proxies.temporal.address, mlflow: proxies.mlflow.url })
    await drill.storm(proxies.temporal, proxies.mlflow)
    for (const { counts } of [proxies.temporal, proxies.mlflow])
      if (struck(counts) === 0) drill.failures.push('no fault struck')
    await drill.endWorkers()
    return {
      failures: drill.failures,
      experiments: experiments + 2,
      points: drill.expected.points.length,
      mlflow: proxies.mlflow.counts,
      temporal: proxies.temporal.counts,
      thereSeconds,
      awaySeconds,
    }
  } finally {
    // Workers first: they ask for as long as they live.
    await services.stop()
    await Promise.all(Object.values(proxies).map(proxy => proxy.stop()))
  }
}

const undisturbedYet: Outcome = { weights: '', optimizer: '', points: [], faults: [] }

class Drill {
  readonly failures: string[] = []
  expected = undisturbedYet
  readonly #direct: MlflowClient
  readonly #services: TestServices
  readonly #options: ExperimentsOptions
  #workers: Awaited<ReturnType<TestServices['startWorker']>>[] = []

  constructor(services: TestServices, options: ExperimentsOptions) {
    this.#services = services
    this.#options = options
    this.#direct = new MlflowClient({ address: services.services.mlflow.url, environment: {} })
  }

  /** Seconds to the result; the first one is what all others have to equal. */
  async undisturbed(name: string): Promise<number> {
    const began = performance.now()
    const handle = await this.#start(name)
    const seconds = await this.#secondsToResult(name, began)
    await this.#ended(name, handle)
    const outcome = await this.#outcome(name)
    if (this.expected === undisturbedYet) this.expected = outcome
    this.failures.push(...differences(name, this.expected, outcome))
    return seconds
  }

  /** New workers, which know the servers by these addresses only. */
  async workersThrough({ temporal, mlflow }: { temporal: string; mlflow: string }): Promise<void> {
    await this.endWorkers()
    const { services } = this.#services
    const known: Services = {
      ...services,
      temporal: { ...services.temporal, address: temporal },
      mlflow: { url: mlflow },
    }
    this.#workers = await Promise.all([
      this.#services.startWorker('orchestrator', known),
      this.#services.startWorker('policy', known),
    ])
  }

  async storm(temporal: TcpProxy, mlflow: HttpProxy): Promise<void> {
    const names = Array.from({ length: this.#options.experiments }, (_, index) => `storm-${index + 1}`)
    const handles = await Promise.all(names.map(name => this.#start(name)))
    const weather = this.#outages(temporal, mlflow)
    for (const [index, handle] of handles.entries()) await this.#ended(names[index] as string, handle)
    await weather
    for (const name of names) await this.#compare(name)
  }

  /** Seconds to the result. */
  async away(mlflow: HttpProxy): Promise<number> {
    await mlflow.goDown()
    const began = performance.now()
    const handle = await this.#start('away')
    const seconds = await this.#secondsToResult('away', began)
    // Long enough for a status call to see it.
    await sleep(12_000)
    const runs = new TemporalRuns(this.#services.services.temporal, this.#services.home)
    const view = await lookAtRun(this.#services.home, 'away', runs).finally(() => runs.close())
    if (view.state !== 'running') this.failures.push(`away: ${view.state} while MLflow is`)
    if (view.reportPath === undefined) this.failures.push('away: no report before MLflow is back')
    if (!view.notes.some(note => /Training is done/.test(note)))
      this.failures.push(`away: nobody is told what it waits for, but ${JSON.stringify(view.notes)}`)
    await mlflow.comeBack()
    await this.#ended('away', handle)
    await this.#compare('away')
    return seconds
  }

  async endWorkers(): Promise<void> {
    for (const worker of this.#workers) await this.#services.kill(worker)
    this.#workers = []
  }

  #start(name: string): Promise<Handle> {
    const config = tinyConfig(name, {
      steps: this.#options.steps,
      durability: { stepsPerActivity: 1, heartbeatTimeout: 3, maxHistoryEvents: 150 },
    })
    const args: Parameters<typeof experiment> = [{ name, arm: name, seed: config.seed, config }]
    return this.#services.client.workflow.start<typeof experiment>('experiment', {
      workflowId: name,
      taskQueue: this.#services.queues.workflows,
      args,
    })
  }

  async #secondsToResult(name: string, began: number): Promise<number> {
    for (; performance.now() < began + limit * 1000; await sleep(50)) {
      if (readResult(this.#services.path, name)?.state === 'done') return (performance.now() - began) / 1000
    }
    throw new Error(`${name} has no result after ${limit} s`)
  }

  async #ended(name: string, handle: Handle): Promise<void> {
    const late = sleep(limit * 1000, 'late' as const, { ref: false })
    try {
      const result = await Promise.race([handle.result(), late])
      if (result === 'late') this.failures.push(`${name} has not ended after ${limit} s`)
      else if (result.trackingFailure !== undefined) this.failures.push(`${name}: ${result.trackingFailure}`)
    } catch (error) {
      this.failures.push(`${name}: ${String((error as Error).cause ?? error)}`)
    }
  }

  /** Each server is away for some seconds, at moments of the seed. */
  async #outages(temporal: TcpProxy, mlflow: HttpProxy): Promise<void> {
    const draw = stream(this.#options.seed, 'outages')
    for (let count = 0; count < this.#options.outages; count++) {
      await sleep(1000 + 3000 * draw.uniform(count, 0))
      await mlflow.outage(1000 + 4000 * draw.uniform(count, 1))
      await sleep(1000 + 3000 * draw.uniform(count, 2))
      await temporal.outage(500 + 2500 * draw.uniform(count, 3))
    }
  }

  async #compare(name: string): Promise<void> {
    this.failures.push(...differences(name, this.expected, await this.#outcome(name)))
  }

  #outcome(id: string): Promise<Outcome> {
    return outcomeOf({ home: this.#services.path, mlflow: this.#direct, id })
  }
}
