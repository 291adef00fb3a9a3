/**
 * Records the histories that replay.test.ts replays: `node dist/test/workflows/record-histories.js test/histories [NAME...]`, all or only those
 * that are named. Run it and commit its files if the commands of a workflow change on purpose. `sweep-ended-without-link.json` is of a version that
 * wrote no report after the run in MLflow had ended; no later one can record it.
 */
import { execFile } from 'node:child_process'
import { realpathSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ProcessRecord } from '../../activities/machine/services-record.js'
import { programOf, projectFolder } from '../../commands/services/project.js'
import { pauseSignal, resumeSignal } from '../../workflows/messages.js'
import { JudgeServer } from '../activities/judge/server.js'
import { TestServices } from '../services.js'
import { AtWork, until } from './at-work.js'
import { tinyConfig, tinySweep } from './tiny.js'

const [folder, ...asked] = process.argv.slice(2)
if (folder === undefined) throw new Error('give the folder to write to, and the names of recordings, if not all')

const services = await TestServices.start({ temporal: true, mlflow: true })
const judge = await new JudgeServer().start()
const { workflow } = services.client
const work = new AtWork(services)
const apart = { durability: { stepsPerActivity: 1, heartbeatTimeout: 3 } }
const longest = { checkpoint: { everySteps: 300 }, durability: { stepsPerActivity: 300, heartbeatTimeout: 3 } }
/** One activity of some seconds. */
const long = (name: string) => tinyConfig(name, { steps: 300, evaluation: { every: 300 }, ...longest })
let policy: ProcessRecord

const recordings = {
  whole: async () => {
    await work.run(tinyConfig('whole'))
    await save('experiment', 'whole')
  },

  paused: async () => {
    const paused = await work.start(tinyConfig('paused', apart))
    await sleep(1500)
    await paused.signal(pauseSignal)
    await sleep(1500)
    await paused.signal(resumeSignal)
    await paused.result()
    await save('experiment-paused', 'paused')
  },

  // Points are sent after some of the steps only.
  points: async () => {
    const durability = { stepsPerActivity: 1, separateStages: false, heartbeatTimeout: 3 }
    await work.run(tinyConfig('points', { steps: 12, evaluation: { every: 12 }, durability }))
    await save('experiment-short-steps', 'points')
  },

  // The pause takes it off its worker.
  interrupted: async () => {
    const interrupted = await work.start(long('interrupted'))
    await until('the third step', () => work.journaled('interrupted') >= 3)
    await interrupted.signal(pauseSignal)
    await until('the pause', async () => (await work.progressOf(interrupted)).state === 'paused')
    await interrupted.signal(resumeSignal)
    await interrupted.result()
    await save('experiment-interrupted', 'interrupted')
  },

  renewed: async () => {
    const renewed = await work.start(
      tinyConfig('renewed', { durability: { ...apart.durability, maxHistoryEvents: 60 } }),
    )
    await renewed.result()
    await save('experiment-first-of-several', 'renewed', renewed.firstExecutionRunId)
    await save('experiment-last-of-several', 'renewed')
  },

  cancelled: async () => {
    const cancelled = await work.start(tinyConfig('cancelled', apart))
    await sleep(2500)
    await cancelled.cancel()
    await cancelled.result().catch(() => {
      // As it should be.
    })
    await save('experiment-cancelled', 'cancelled')
  },

  predicted: async () => {
    const { value } = tinyConfig('predicted')
    await work.run(tinyConfig('predicted', { value: { ...value, ablation: 'predicted' } }))
    await save('experiment-predicted', 'predicted')
  },

  judged: async () => {
    await work.run(tinyConfig('judged', { ...apart, judge: judge.config() }))
    await save('experiment-judged', 'judged')
  },

  'evaluated alone': async () => {
    await work.run(tinyConfig('alone', { steps: 0 }))
    await save('evaluation-alone', 'alone')
  },

  'in pieces': async () => {
    await work.run(tinyConfig('divided', { steps: 0, evaluation: { samples: 63, piece: 512 } }))
    await save('evaluation-in-pieces', 'divided')
  },

  'rolled out in pieces': async () => {
    const adapter = { rank: 2, alpha: 4, targets: ['q_proj' as const] }
    await work.run(tinyConfig('rolled', { steps: 3, rollout: { piece: 2 }, update: { adapter } } as never))
    await save('experiment-in-pieces', 'rolled')
  },

  mixed: async () => {
    const exploding = { update: { optimizer: 'sgd' as const, learningRate: 1e30 } }
    const plan = tinySweep('mixed', { good: {}, exploding }, { seeds: [1, 2] })
    const sweep = await workflow.start('sweep', {
      workflowId: 'mixed',
      taskQueue: services.queues.workflows,
      args: [{ plan }],
    })
    await sweep.result().catch(() => {
      // One of its arms fails.
    })
    await save('sweep-with-a-failed-arm', 'mixed')
    await save('experiment-failed', 'mixed/exploding/seed-1')
  },

  // The last one: its worker dies in training, and another one goes on.
  moved: async () => {
    const moved = await work.start(long('moved'))
    await until('the third step', () => work.journaled('moved') >= 3)
    await services.kill(policy)
    await services.startWorker('policy-2')
    await moved.result()
    await save('experiment-moved', 'moved')
  },
}

try {
  policy = await services.startWorker('policy')
  await services.startWorker('orchestrator')
  for (const [name, record] of Object.entries(recordings)) {
    if (asked.length === 0 || asked.includes(name)) await record()
  }
} finally {
  await Promise.all([services.stop(), judge.stop()])
}

/** With the true workflow id, from which other ids are derived; a history does not hold it. */
async function save(name: string, workflowId: string, runId?: string): Promise<void> {
  const { address } = services.services.temporal
  const which = ['--workflow-id', workflowId, ...(runId === undefined ? [] : ['--run-id', runId])]
  const args = ['workflow', 'show', '--address', address, '--output', 'json', '--no-json-shorthand-payloads', ...which]
  const { stdout } = await promisify(execFile)(programOf('temporal'), args, { maxBuffer: 2 ** 26 })
  const text = JSON.stringify({ workflowId, history: JSON.parse(stdout) as unknown }, null, 1)
  const withPayloads = text.replaceAll(/"data": "([\w+/=]+)"/g, (whole, data: string) => {
    const said = Buffer.from(data, 'base64').toString('utf8')
    return impersonal(said) === said ? whole : `"data": "${Buffer.from(impersonal(said)).toString('base64')}"`
  })
  writeFileSync(join(folder as string, `${name}.json`), `${impersonal(withPayloads)}\n`)
}

/** Stack traces, identities and queues name folders and the machine of the recording, and packages by the target of a link to them. */
function impersonal(text: string): string {
  return text
    .replaceAll(realpathSync(join(projectFolder, 'node_modules')), '/node_modules')
    .replaceAll(projectFolder, '')
    .replaceAll(`@${hostname()}`, '@machine')
    .replaceAll(`.${hostname()}.`, '.machine.')
}
