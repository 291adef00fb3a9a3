/**
 * Compares the estimate of memory with what a process of its own really takes, where Linux tells: for each case a policy is sampled from
 * and updated twice. Its figures are those of docs/memory.md. With a checkpoint, the cases are about that.
 * Usage, after the build: node dist/scripts/memory-check.js [--checkpoint FOLDER] [--matrices bfloat16]
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { localEngine } from '../pipelines/config/engine-kinds.js'
import { type ExperimentConfig, experimentSchema } from '../pipelines/config/schema.js'
import { noHooks } from '../pipelines/progress.js'

interface Case {
  name: string
  policy: object
  maxTokens: number
  update: object
  promptTokens?: number
  /** With a second copy of the weights, that the divergence is measured from. */
  reference?: true
}

const small = { from: 'scratch', width: 128, layers: 4, heads: 4, keyValueHeads: 4, mlpWidth: 344 }
const large = { from: 'scratch', width: 256, layers: 6, heads: 8, keyValueHeads: 8, mlpWidth: 704 }
const scratchCases: readonly Case[] = [
  { name: '0.8 M weights, 8 rows', policy: small, maxTokens: 64, update: { microBatch: 8 } },
  { name: '0.8 M weights, 64 rows', policy: small, maxTokens: 64, update: { microBatch: 64 } },
  { name: '0.8 M weights, 32 long rows', policy: small, maxTokens: 192, update: { microBatch: 32 } },
  { name: '4.9 M weights, 8 rows', policy: large, maxTokens: 64, update: { microBatch: 8 } },
  { name: '4.9 M weights, 64 rows', policy: large, maxTokens: 64, update: { microBatch: 64 } },
  {
    name: '4.9 M weights, 64 rows, recomputed',
    policy: large,
    maxTokens: 64,
    update: { microBatch: 64, gradientCheckpointing: true },
  },
  { name: '4.9 M weights, 64 rows, adapter', policy: large, maxTokens: 64, update: { microBatch: 64, adapter: {} } },
  ...[6, 12].flatMap(layers =>
    [8, 64].map(microBatch => ({
      name: `${layers} layers of SmolLM2, ${microBatch} rows`,
      policy: { from: 'scratch', width: 576, layers, heads: 9, keyValueHeads: 3, mlpWidth: 1536 },
      maxTokens: 8,
      promptTokens: 83,
      update: { microBatch },
    })),
  ),
]

/** 8 prompts of 83 tokens with 8 responses of at most 8 tokens each. */
function casesOf(folder: string): Case[] {
  const one = { policy: { from: 'checkpoint', path: folder }, maxTokens: 8, promptTokens: 83 }
  return [
    { ...one, name: '8 rows', update: { microBatch: 8 } },
    { ...one, name: '16 rows', update: { microBatch: 16 } },
    { ...one, name: '64 rows', update: { microBatch: 64 } },
    { ...one, name: '64 rows, reference', update: { microBatch: 64 }, reference: true },
    { ...one, name: '64 rows, recomputed', update: { microBatch: 64, gradientCheckpointing: true } },
    { ...one, name: '64 rows, adapter', update: { microBatch: 64, adapter: {} } },
  ]
}

const {
  values: { checkpoint, matrices, case: chosen },
} = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    matrices: { type: 'string', default: 'float32' },
    case: { type: 'string' },
  },
})
const cases = checkpoint === undefined ? scratchCases : casesOf(checkpoint)

const alphabet = [...'abcdefghijklmnopqrstuvwxyz0123456789+-*/=()#. ']

function configOf({ policy, maxTokens, update, reference }: Case): ExperimentConfig {
  return experimentSchema.parse({
    name: 'memory-check',
    policy,
    warmStart: { steps: 0 },
    kl: { place: reference === undefined ? 'none' : 'log' },
    rollout: { prompts: 8, samples: 8, maxTokens, chunk: 64 },
    evaluation: { chunk: 1 },
    engine: { matrices },
    update,
  })
}

/** Rolls out and updates once; prints the estimate and the peak, in bytes. */
async function measure(one: Case): Promise<void> {
  const [folders, policies, adapters, generating, updating, optimizers, memory, logProbs, locals] = await Promise.all([
    import('../pipelines/checkpoint/policy-folder.js'),
    import('../pipelines/model/policy.js'),
    import('../pipelines/model/adapter.js'),
    import('../pipelines/sampling/generate.js'),
    import('../pipelines/training/policy-gradient.js'),
    import('../pipelines/model/optimizer-state.js'),
    import('../pipelines/memory/estimate.js'),
    import('../pipelines/engine/log-probabilities.js'),
    import('../pipelines/training/local-policy.js'),
  ])
  const config = configOf(one)
  const { promptTokens = 64 } = one
  const made = () =>
    config.policy.from === 'scratch'
      ? policies.createPolicy({ config: config.policy, alphabet, seed: 1, engine: localEngine(config.engine) })
      : folders.loadPolicy(config.policy.path, localEngine(config.engine))
  const policy = await made()
  const reference = one.reference === undefined ? undefined : await made()
  const { architecture } = policy
  if (config.update.adapter !== null) {
    policy.adapter = adapters.createAdapter({ architecture, ...config.update.adapter, seed: 1 })
  }
  const live = new locals.LocalPolicy({ policy, optimizer: optimizers.createOptimizer(policy, config.update) })
  const { prompts, samples, maxTokens, chunk } = config.rollout
  const rows = Array.from({ length: prompts }, (_, prompt) =>
    Array.from({ length: promptTokens }, (_, place) => (7 * place + 31 * prompt) % alphabet.length),
  ).flatMap(prompt => new Array<number[]>(samples).fill(prompt))
  await generating.generate({ policy, prompts: rows, uniforms: () => 0.5, maxTokens, chunk })
  const tokens = Array.from({ length: maxTokens }, (_, place) => place % alphabet.length)
  const responses = rows.map((prompt, sample) => ({
    itemId: 'item',
    sample,
    promptTokens: prompt,
    tokens,
    text: '',
    logProbs: tokens.map(() => -4),
    finish: 'length' as const,
  }))
  const records = rows.map((_, sample) => ({
    itemId: 'item',
    sample,
    verdict: sample % 2 === 0 ? ('correct' as const) : ('wrong' as const),
    value: 1,
    scale: 1,
    reward: 1,
    advantage: sample % 2 === 0 ? 1 : -1,
    length: maxTokens,
  }))
  if (reference !== undefined) logProbs.logProbsOf(reference, responses)
  for (const step of [1, 2])
    await updating.policyGradientStep({ policy: live, responses, records, config, step, hooks: noHooks })
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
  const estimate = memory.memoryOf({ architecture, config, promptTokens })
  console.log(JSON.stringify({ estimated: estimate.bytes, peak }))
}

if (chosen !== undefined) {
  await measure(cases[Number(chosen)] as Case)
} else {
  console.log('| case | estimated | peak | estimate / peak |\n| --- | --- | --- | --- |')
  for (const [index, { name }] of cases.entries()) {
    const output = execFileSync(
      process.execPath,
      [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--case', String(index)],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    const { estimated, peak } = JSON.parse(output) as { estimated: number; peak: number }
    const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`
    console.log(`| ${name} | ${gib(estimated)} | ${gib(peak)} | ${(estimated / peak).toFixed(2)} |`)
  }
}
