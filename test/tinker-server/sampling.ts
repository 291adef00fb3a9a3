/** `asample` of the test's Tinker server: rlev's sampling, with uniform numbers from the seed of the request. */
import type { Policy } from '../../pipelines/model/policy.js'
import { stream } from '../../pipelines/random.js'
import { generate } from '../../pipelines/sampling/generate.js'
import type { PolicyTokenizer } from '../../pipelines/tokenizer/tokenizer.js'
import { passForward } from './passes.js'
import { Refusal, type ServerSettings } from './settings.js'

export interface SampleRequest {
  prompt: { chunks: { tokens: number[] }[] }
  num_samples?: number
  prompt_logprobs?: boolean
  sampling_params: { max_tokens?: number; temperature?: number; seed?: number; stop?: number[] }
}

/** Counts requests, for a server that ignores seeds. */
let calls = 0

/** The engine wants an end. */
const noId = -1

/**
 * A tokenizer whose ends are exactly the stops of a request. Without any, id 0 is the padding, and not drawn.
 * Kept, because the engine keeps what it finds out about one.
 */
const tokenizers = new Map<string, PolicyTokenizer>()

function endingAt(tokenizer: PolicyTokenizer, stop: readonly number[]): PolicyTokenizer {
  const key = JSON.stringify(stop)
  const ends = stop.length > 0 ? { eosIds: stop, padId: stop[0] as number } : { eosIds: [noId], padId: 0 }
  const made = tokenizers.get(key) ?? { ...tokenizer, ...ends }
  tokenizers.set(key, made)
  return made
}

export async function sample(
  policy: Policy,
  request: SampleRequest,
  settings: Pick<ServerSettings, 'seeds' | 'stop' | 'logProbs'>,
): Promise<object> {
  const { num_samples: samples = 1, sampling_params: params, prompt_logprobs: ofPrompt = false } = request
  const { max_tokens: maxTokens, temperature = 1, seed = 0, stop = [] } = params
  const promptTokens = request.prompt.chunks.flatMap(({ tokens }) => tokens)
  if (maxTokens === undefined) throw new Refusal(400, 'max_tokens is required')
  if (seed >= 2 ** 31) throw new Refusal(400, 'Python integer out of bounds for int32')
  const call = calls++
  const seedOf = (row: number) =>
    ({ 'seed + i': seed + row, seed, ignored: 1_000_003 * (call + 1) + row })[settings.seeds]
  const tokenizer = endingAt(policy.tokenizer, settings.stop === 'honoured' ? stop : [])
  const generated = await generate({
    policy: { ...policy, tokenizer },
    prompts: Array.from({ length: samples }, () => promptTokens),
    uniforms: (row, position) => (temperature === 0 ? null : stream(seedOf(row), 'tinker sample').uniform(position)),
    maxTokens,
    temperature: temperature === 0 ? 1 : temperature,
    chunk: samples,
  })
  const sequences = []
  for (const { tokens, logProbs, finish } of generated) {
    const all = await logProbsOf(policy, [...promptTokens, ...tokens])
    const untempered = all.slice(promptTokens.length - 1)
    sequences.push({ stop_reason: finish, tokens, logprobs: settings.logProbs === 'tempered' ? logProbs : untempered })
  }
  const prompt = ofPrompt ? [null, ...(await logProbsOf(policy, promptTokens))] : null
  return { sequences, prompt_logprobs: prompt }
}

/** log pi of all tokens but the first. */
async function logProbsOf(policy: Policy, tokens: readonly number[]): Promise<number[]> {
  const targets = { data: tokens.slice(1) }
  const none = undefined
  const loss_fn_inputs = { target_tokens: targets, weights: none, logprobs: none, advantages: none }
  const [found] = await passForward(policy, [
    { model_input: { chunks: [{ tokens: tokens.slice(0, -1) }] }, loss_fn_inputs },
  ])
  return found as number[]
}
