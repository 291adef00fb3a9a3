/**
 * Measures a large checkpoint on this machine: loads it, samples responses, and takes one step of an adapter.
 * Prints the seconds of each part and the peak memory of the process so far. Usage, after the build:
 *   npm run bench:large -- FOLDER [--responses 8] [--tokens 32] [--prompt-tokens 32] [--rank 16] [--micro-batch 8]
 *     [--gradient-checkpointing] [--engine recorded] [--markdown]
 */

import { parseArgs } from 'node:util'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { localEngine } from '../../pipelines/config/engine-kinds.js'
import { type ExperimentConfig, experimentSchema } from '../../pipelines/config/schema.js'
import type { Item } from '../../pipelines/data/item.js'
import { RlevError } from '../../pipelines/errors.js'
import { createAdapter } from '../../pipelines/model/adapter.js'
import { createOptimizer } from '../../pipelines/model/optimizer-state.js'
import type { Policy } from '../../pipelines/model/policy.js'
import { noHooks } from '../../pipelines/progress.js'
import { stream } from '../../pipelines/random.js'
import type { Response } from '../../pipelines/rollout/response.js'
import { rollOut } from '../../pipelines/rollout/roll-out.js'
import { LocalSampler } from '../../pipelines/sampling/local-sampler.js'
import { LocalPolicy } from '../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../pipelines/training/policy-gradient.js'
import { residentSize } from '../resident.js'
import { engineNames, engineSection } from './engine.js'
import { markdownOf, type Table, textOf } from './table.js'

const usage =
  'npm run bench:large -- FOLDER [--responses N] [--tokens N] [--prompt-tokens N] [--rank N] [--micro-batch N] [--gradient-checkpointing] [--engine NAME] [--markdown]'

interface Options {
  folder: string
  responses: number
  tokens: number
  promptTokens: number
  config: ExperimentConfig
  markdown: boolean
}

function readOptions(): Options {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      responses: { type: 'string', default: '8' },
      tokens: { type: 'string', default: '32' },
      'prompt-tokens': { type: 'string', default: '32' },
      rank: { type: 'string', default: '16' },
      'micro-batch': { type: 'string', default: '8' },
      'gradient-checkpointing': { type: 'boolean', default: false },
      engine: { type: 'string', default: 'recorded' },
      markdown: { type: 'boolean', default: false },
    },
  })
  const [folder] = positionals
  const engine = engineNames.find(name => name === values.engine)
  if (folder === undefined || engine === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: folder === undefined ? 'the checkpoint is missing' : 'the engine is unknown',
      expected: folder === undefined ? usage : engineNames.join(', '),
    })
  }
  const [responses, tokens] = [Number(values.responses), Number(values.tokens)]
  const config = experimentSchema.parse({
    name: 'large',
    policy: { from: 'checkpoint', path: folder },
    rollout: { prompts: 1, samples: responses, maxTokens: tokens, chunk: responses },
    kl: { place: 'none' },
    update: {
      clipNorm: 1,
      microBatch: Number(values['micro-batch']),
      gradientCheckpointing: values['gradient-checkpointing'],
      adapter: { rank: Number(values.rank) },
    },
    ...engineSection(engine),
  })
  return {
    folder,
    responses,
    tokens,
    promptTokens: Number(values['prompt-tokens']),
    config,
    markdown: values.markdown,
  }
}

async function measure({ folder, responses, tokens, promptTokens, config, markdown }: Options): Promise<void> {
  const rows: string[][] = []
  const part = async <Result>(name: string, run: () => Result | Promise<Result>): Promise<Result> => {
    const began = performance.now()
    const result = await run()
    const seconds = (performance.now() - began) / 1000
    const { now, peak } = residentSize()
    rows.push([name, seconds.toFixed(1), gibibytes(now), gibibytes(peak)])
    console.error(`${name}: ${seconds.toFixed(1)} s, ${gibibytes(now)} GiB resident, ${gibibytes(peak)} GiB peak`)
    return result
  }
  const policy = await part('loading', () => loadPolicy(folder, localEngine(config.engine)))
  const { adapter } = config.update
  if (adapter === null) throw new TypeError('a step of an adapter needs one')
  policy.adapter = createAdapter({ architecture: policy.architecture, ...adapter, seed: config.seed })
  const optimizer = createOptimizer(policy, config.update)
  const items = [itemFor(policy, promptTokens)]
  const sampled = (step: number) => rollOut({ policy: new LocalSampler(policy), items, config, step, hooks: noHooks })
  const { responses: sampledResponses } = await part(`sampling ${responses} x ${tokens} tokens, first`, () =>
    sampled(1),
  )
  await part('sampling, again', () => sampled(2))
  const update = () =>
    policyGradientStep({
      policy: new LocalPolicy({ policy, optimizer }),
      responses: sampledResponses,
      records: recordsOf(sampledResponses),
      config,
      step: 1,
      hooks: noHooks,
    })
  const { metrics } = await part(`an adapter's step, rank ${adapter.rank}, first`, update)
  await part("an adapter's step, again", update)
  if (!Number.isFinite(metrics['policy/grad_norm'])) throw new RangeError('the gradient is not finite')
  const count = policy.weights.bytes / 4
  const title = `${(count / 1e6).toFixed(0)} M parameters, ${responses} responses to a prompt of ${promptTokens} tokens`
  const table: Table = { title, head: ['', 's', 'GiB resident', 'GiB peak'], rows }
  console.log(markdown ? markdownOf(table) : textOf(table))
}

/** A prompt of random tokens that survives decoding and encoding. */
function itemFor({ tokenizer, architecture }: Policy, promptTokens: number): Item {
  const { integer } = stream(1, 'prompt of a large policy')
  const ids = Array.from({ length: promptTokens }, (_, position) => integer(architecture.vocabulary - 2, position))
  return {
    id: 'large',
    exam: 'large',
    section: 'large',
    prompt: tokenizer.decode(ids),
    answer: '',
    points: 1,
    total: 1,
    weight: 1,
  }
}

function recordsOf(responses: readonly Response[]) {
  return responses.map(({ itemId, sample, tokens }) => ({
    itemId,
    sample,
    verdict: sample % 2 === 0 ? ('correct' as const) : ('wrong' as const),
    value: 1,
    scale: 1,
    reward: 1 - (sample % 2),
    advantage: sample % 2 === 0 ? 1 : -1,
    length: tokens.length,
  }))
}

const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(2)

try {
  await measure(readOptions())
} catch (error) {
  if (!(error instanceof RlevError)) throw error
  console.error(error.message)
  process.exitCode = error.kind === 'CallInvalid' ? 2 : 1
}
