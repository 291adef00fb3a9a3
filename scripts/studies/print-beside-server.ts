/**
 * Steps of a policy on a Tinker server beside the same steps of the local engine: from the server's own first adapter, on responses that the
 * server samples, with the rewards, the estimator and the optimizer of a run. Prints of each step the mean reward, and how far apart
 * log-probabilities, gradient norms and weights are. A third column has the small server of the tests with shared A matrices, as SkyRL with
 * JAX has them: what is left there is rounding.
 *
 *   node scripts/launch.mjs studies/print-beside-server --server URL --policy FOLDER [--base-model NAME] [--steps 10]
 *     [--out FOLDER]   keeps both adapters after the last step, as `server/` and `own/`
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MockActivityEnvironment } from '@temporalio/testing'
import { TinkerClient } from '../../activities/tinker/client.js'
import { beginSession } from '../../activities/tinker/policy/server-session.js'
import { States } from '../../activities/tinker/policy/states.js'
import { TinkerPolicy } from '../../activities/tinker/policy/tinker-policy.js'
import { findingLines } from '../../activities/tinker/probe/findings.js'
import { probe } from '../../activities/tinker/probe/probe.js'
import { checkedWay } from '../../activities/tinker/training-way.js'
import { recordsOf } from '../../pipelines/advantages/records.js'
import { loadAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { experimentSchema } from '../../pipelines/config/schema.js'
import { prepareData } from '../../pipelines/data/prepare.js'
import { disposeAdapter } from '../../pipelines/model/adapter.js'
import { createOptimizer } from '../../pipelines/model/optimizer-state.js'
import { defaultEngine, withAdapter } from '../../pipelines/model/policy.js'
import { noHooks } from '../../pipelines/progress.js'
import { markOf } from '../../pipelines/rewards/mark.js'
import { markByRule } from '../../pipelines/rewards/marking.js'
import { mean } from '../../pipelines/statistics/estimate.js'
import type { LivePolicy } from '../../pipelines/training/live-policy.js'
import { LocalPolicy } from '../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../pipelines/training/policy-gradient.js'
import { sampleStep } from '../../pipelines/training/sample-step.js'
import { normalizeValues } from '../../pipelines/values/normalize.js'
import { withEveryIdDrawn } from '../../test/pipelines/model/golden.js'
import { startTinkerServer } from '../../test/tinker-server/start.js'

const { values: given } = parseArgs({
  options: {
    server: { type: 'string' },
    policy: { type: 'string' },
    'base-model': { type: 'string' },
    steps: { type: 'string', default: '10' },
    rank: { type: 'string', default: '8' },
    seed: { type: 'string', default: '7' },
    tokens: { type: 'string', default: '12' },
    out: { type: 'string' },
  },
})
if (given.server === undefined || given.policy === undefined)
  throw new Error('usage: print-beside-server --server URL --policy FOLDER [--base-model NAME] [--steps N]')
const { server: url, policy: base } = given
const [steps, rank, seed, maxTokens] = [given.steps, given.rank, given.seed, given.tokens].map(Number) as [
  number,
  number,
  number,
  number,
]
const root = mkdtempSync(join(tmpdir(), 'rlev-beside-'))
const folder = (name: string) => {
  const path = join(root, name)
  mkdirSync(path, { recursive: true })
  return path
}
const config = experimentSchema.parse({
  ...{ name: 'beside', seed, steps },
  data: { source: 'synthetic', exam: 'v7', trainPapers: 1, testItemsPerSection: 1 },
  policy: { from: 'checkpoint', path: base },
  rollout: { prompts: 4, samples: 4, maxTokens },
  update: { learningRate: 1e-3, microBatch: 16, adapter: { rank } },
})
const rows = config.rollout.prompts * config.rollout.samples
const { train: items } = await prepareData(config.data, { seed, bonus: config.value.bonus })
const { values } = normalizeValues(items, { ...config.reward, bonus: config.value.bonus })

const client = new TinkerClient({ url })
const baseModel = given['base-model'] ?? ((await client.baseModels())[0] as string)
const findings = await probe({ client, baseModel, name: `probe-${Date.now()}` })
for (const { question, found } of findingLines(findings)) console.log(`${question}: ${found}`)
const needs = { temperature: 1, clipNorm: null, eosProbabilities: false, ownEpsilon: false }

const ownBase = withEveryIdDrawn(await loadPolicy(base, defaultEngine))
const { architecture, tokenizer } = ownBase

async function policyOn(client: TinkerClient, { name, state }: { name: string; state?: string }) {
  const session = await beginSession(client, { signal: new AbortController().signal })
  const of = { sessionId: session.id, modelSeqId: 0, baseModel, rank, seed }
  const { modelId } = await client.createModel(of)
  if (state !== undefined) await client.loadState({ modelId, seqId: 1, path: state })
  return new TinkerPolicy({
    ...{ client, tokenizer, inFlight: rows, start: base, checkpoints: () => [] },
    way: {
      ...checkedWay(name === 'server' ? findings : { ...findings, reduction: 'sum' }, needs, url),
      freeTargets: true,
    },
    model: { modelId, session, attempt: 1, step: 0, requests: state === undefined ? 0 : 1 },
    states: new States({ folder: folder(name), experimentKey: name }),
  })
}

const server = await policyOn(client, { name: 'server' })
const start = folder('start')
await server.exportTo(start, noHooks)
const adapter = await loadAdapter({ folder: start, architecture })
const policy = withAdapter(ownBase, adapter)
const local = new LocalPolicy({ policy, optimizer: createOptimizer(policy, config.update) })
const small = await startTinkerServer({ base, adapters: 'shared' })
cpSync(start, join(small.folder, 'checkpoints', 'beside', 'weights', 'start'), { recursive: true })
const shared = await policyOn(new TinkerClient({ url: small.url }), {
  ...{ name: 'shared', state: 'tinker://beside/weights/start' },
})

const first = await weightsOf(server, 'first')
const together = { rollout: config.rollout, together: rows, hooks: noHooks, note: '' }
const heads = ['step', 'reward', 'log pi: own', 'shared', 'norm: server', 'own', 'shared', 'weights: own', 'shared']
const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(column < 2 ? 6 : 12)).join('  ')

try {
  console.log(`\n${line([...heads, 'way'])}`)
  for (let step = 1; step <= steps; step++) {
    const rollout = await sampleStep({
      ...{ policy: server, items, config, step, mark: markByRule, hooks: noHooks },
      kept: { read: () => [], keep: () => {} },
    })
    const { responses } = rollout
    const [there, here, tied] = (await Promise.all(
      [server, local, shared].map(each => each.logProbabilities(responses, together)),
    )) as [number[][], number[][], number[][]]
    // No policy without a training knows an answer: one in two is taken for right.
    const marks = responses.map(({ tokens }) => markOf((tokens.at(-1) as number) % 2 === 0 ? 'correct' : 'wrong'))
    const records = recordsOf({ rollout, items, values, config, marks })
    const norms: number[] = []
    for (const policy of [server, local, shared] as LivePolicy[]) {
      const { metrics } = await policyGradientStep({ policy, responses, records, config, step, hooks: noHooks })
      norms.push(metrics['policy/grad_norm'] ?? Number.NaN)
      // It says in the log of an activity if the server deletes nothing.
      await new MockActivityEnvironment().run(() => policy.endStep({ hooks: noHooks, mayCommit: () => {} }))
    }
    const found = await weightsOf(server, `server-${step}`)
    const way = distance(found, first)
    const apart = [await weightsOf(local, `own-${step}`), await weightsOf(shared, `shared-${step}`)].map(weights =>
      distance(found, weights),
    )
    console.log(
      line([
        ...[String(step), mean(records.map(({ reward }) => reward)).toFixed(4)],
        ...[largest(there, here), largest(there, tied)].map(gap => gap.toExponential(1)),
        ...norms.map(norm => norm.toFixed(6)),
        ...apart.map(gap => (gap / way).toExponential(1)),
        way.toFixed(4),
      ]),
    )
  }
  for (const [name, each] of given.out === undefined
    ? []
    : ([
        ['server', server],
        ['own', local],
      ] as const)) {
    const path = join(given.out as string, name)
    mkdirSync(path, { recursive: true })
    await each.exportTo(path, noHooks)
  }
} finally {
  for (const each of [server, local, shared]) await each.close()
  await small.end()
  rmSync(root, { recursive: true, force: true })
}

/** In the order of the tensors' names. */
async function weightsOf(policy: LivePolicy, name: string): Promise<Float32Array> {
  const path = folder(name)
  await policy.exportTo(path, noHooks)
  const adapter = await loadAdapter({ folder: path, architecture })
  const tensors = [...adapter.tensors.read()].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const values = Float32Array.from(tensors.flatMap(([, tensor]) => [...(tensor.dataSync() as Float32Array)]))
  disposeAdapter(adapter)
  rmSync(path, { recursive: true })
  return values
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0))
}

function largest(a: number[][], b: number[][]): number {
  return Math.max(
    ...a.flatMap((row, index) => row.map((value, place) => Math.abs(value - (b[index]?.[place] as number)))),
  )
}
