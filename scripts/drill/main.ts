/** `npm run drill`: disturbs runs and compares what they leave. Progress on standard error, the table on standard output. */
import { writeFileSync } from 'node:fs'
import { RlevError } from '../../pipelines/errors.js'
import { layOutTable } from '../../pipelines/text/table.js'
import { describeMachine, thisMachine } from '../bench/machine.js'
import type { Drill } from './drill.js'
import { closeAll } from './drill-home.js'
import { readOptions, usage } from './options.js'
import type { DrillResult } from './result.js'

/** In the order in which they are made. Each is loaded when its turn comes: some load TensorFlow. */
const drills = {
  'fail-points': {
    load: () => import('./fail-points.js'),
    sentence: 'every fail point in turn, killed at its first and at a later time',
  },
  kills: {
    load: () => import('./kills.js'),
    sentence: 'random kills of servers and workers while a sweep of three arms runs',
  },
  everything: {
    load: () => import('./everything.js'),
    sentence: 'the command in the foreground, while workers and servers are killed and `rlev up` starts them again',
  },
  network: {
    load: () => import('./network.js'),
    sentence: 'proxies that cut, delay and answer 503 after the commit',
  },
  corruption: {
    load: () => import('./corruption.js'),
    sentence: 'files of a run with a byte changed or the tail cut off',
  },
  'disk-full': {
    load: () => import('./disk-full.js'),
    sentence: 'a disk without room, and one that takes no writing',
  },
  'stopped-worker': {
    load: () => import('./stopped-worker.js'),
    sentence: 'a worker that stops, is replaced, and wakes',
  },
  machines: {
    load: () => import('./machines.js'),
    sentence: 'five machines on their own network: cables, processes, whole machines, the store, clocks',
  },
  tinker: {
    load: () => import('./tinker.js'),
    sentence: 'a run on a Tinker server: server, workers and MLflow killed at each kind of operation',
  },
  recovery: {
    load: () => import('./recovery.js'),
    sentence:
      'goodput and the time of a recovery at one kill of the policy worker a minute, with the default heartbeat timeout',
  },
  overhead: {
    load: () => import('./overhead.js'),
    sentence: 'what a run without faults costs beside its computing, at one step an activity, and where the time goes',
  },
  figures: {
    load: () => import('./figures.js'),
    sentence: 'goodput against kills, time of recovery, overhead without faults',
  },
} as const satisfies Record<string, { load: () => Promise<{ run: Drill }>; sentence: string }>

type DrillName = keyof typeof drills
const names = Object.keys(drills) as DrillName[]

const call = (() => {
  try {
    return readOptions(process.argv.slice(2), names)
  } catch (error) {
    if (!(error instanceof RlevError)) throw error
    console.error(error.message)
    process.exit(2)
  }
})()

let ending = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (ending) return
    ending = true
    // What was started outlives this process unless it is ended.
    void closeAll().finally(() => process.exit(130))
  })
}

if (call === null) {
  console.log(usage(Object.fromEntries(names.map(name => [name, drills[name].sentence]))))
} else {
  const began = performance.now()
  const results: DrillResult[] = []
  for (const name of call.only) {
    const say = (line: string) =>
      process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${name}: ${line}\n`)
    const { run } = await drills[name].load()
    results.push(
      await run({ ...call, say }).catch((error: unknown) => {
        // The other drills are worth making all the same.
        const failure = error instanceof RlevError ? error.message : ((error as Error).stack ?? String(error))
        return { name, passed: false, cases: 0, failures: [failure], figures: {} }
      }),
    )
    // Written as it grows: a later failure costs only what it interrupted.
    if (call.json !== null)
      writeFileSync(call.json, `${JSON.stringify({ machine: thisMachine(), results }, null, 2)}\n`)
  }
  print(results)
  if (results.some(({ passed }) => !passed)) process.exitCode = 1
}

function print(results: readonly DrillResult[]): void {
  const rows = results.map(({ name, passed, cases, failures }) => [
    name,
    passed ? 'passed' : 'FAILED',
    String(cases),
    String(failures.length),
  ])
  const columns = [
    { heading: 'drill' },
    { heading: 'result' },
    { heading: 'cases', align: 'right' },
    { heading: 'failures', align: 'right' },
  ] as const
  const lines = [describeMachine(thisMachine()), '', ...layOutTable({ columns, rows })]
  for (const { name, failures, figures: measured } of results) {
    const shown = Object.entries(measured).map(([figure, value]) => [
      `  ${figure}`,
      Number(value.toPrecision(4)).toString(),
    ])
    const table = layOutTable({ columns: [{ heading: name }, { heading: '', align: 'right' }], rows: shown })
    lines.push('', ...table, ...failures.map(failure => `  FAILED: ${failure}`))
  }
  console.log(lines.join('\n'))
}
