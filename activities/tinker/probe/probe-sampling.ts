/** The part of a probe that samples, and asks for its own targets. */
import { RlevError } from '../../../pipelines/errors.js'
import type { SamplingSettings } from '../types.js'
import type { Findings } from './findings.js'
import { distance, ProbedModel, type ProbeOptions, probePrompt } from './trials.js'

type Sampling = Pick<Findings, 'olderSampler' | 'targets' | 'honoursStop' | 'seeds' | 'logProbs'>

const settings: SamplingSettings = { maxTokens: 12, temperature: 1, seed: 5, stop: [] }

/** Nats a token. A tempered distribution is further off; numbers of 16 bits are nearer. */
const near = 0.05

export async function probeSampling(options: ProbeOptions, sessionId: string): Promise<Sampling> {
  const model = await ProbedModel.open(options, sessionId)
  try {
    await model.gradient(['long', 'short'])
    await model.step()
    const sampler = await model.saveSampler()
    const found = {
      seeds: await seedsOf(options, sampler),
      honoursStop: await honoursStop(options, sampler),
      logProbs: await temperOf(options, model, sampler),
      targets: await targetsOf(options, model),
    }
    // Last, because it may damage the model.
    return { ...found, olderSampler: await olderSampler(options, model, sampler) }
  } finally {
    await model.close()
  }
}

async function draw(options: ProbeOptions, sampler: string, changed: Partial<SamplingSettings>, samples = 1) {
  const { client, signal, onWait } = options
  const call = {
    source: { sampler },
    tokens: probePrompt,
    settings: { ...settings, ...changed },
    samples,
    signal,
    onWait,
  }
  return client.sample(call)
}

const isEqual = (a: readonly number[] | undefined, b: readonly number[] | undefined) =>
  JSON.stringify(a) === JSON.stringify(b)

async function seedsOf(options: ProbeOptions, sampler: string): Promise<Findings['seeds']> {
  const [first, second] = (await draw(options, sampler, {}, 2)).map(({ tokens }) => tokens)
  const alone = async (seed: number) => (await draw(options, sampler, { seed }))[0]?.tokens
  const same = await alone(settings.seed)
  if (!isEqual(same, await alone(settings.seed))) return 'ignored'
  if (isEqual(first, second)) return 'one for all'
  return isEqual(second, await alone(settings.seed + 1)) && isEqual(first, same) ? 'seed + i' : 'ignored'
}

/** The likeliest tokens again, with one of them as the stop. */
async function honoursStop(options: ProbeOptions, sampler: string): Promise<boolean> {
  const [free] = await draw(options, sampler, { temperature: 0 })
  const tokens = free?.tokens ?? []
  const stop = tokens[Math.min(2, tokens.length - 1)] as number
  const [stopped] = await draw(options, sampler, { temperature: 0, stop: [stop] })
  return stopped?.finish === 'stop' && isEqual(stopped.tokens, tokens.slice(0, tokens.indexOf(stop) + 1))
}

async function temperOf(options: ProbeOptions, model: ProbedModel, sampler: string): Promise<Findings['logProbs']> {
  const [drawn] = await draw(options, sampler, { temperature: 0.5 })
  const { tokens = [], logProbs = [] } = drawn ?? {}
  const all = [...probePrompt, ...tokens]
  const inputs = all.slice(0, -1)
  const data = [{ inputs, targets: all.slice(1), weights: inputs.map(() => 1) }]
  const {
    logProbs: [passed = []],
  } = await options.client.forward({ ...model.next, data })
  const gap = distance(passed.slice(-tokens.length), logProbs) / Math.sqrt(tokens.length)
  return gap <= near ? 'untempered' : 'tempered'
}

/** A target at a place in the middle, and the same as the last target of a shorter sequence, where every server has it right. */
async function targetsOf(options: ProbeOptions, model: ProbedModel): Promise<Findings['targets']> {
  const target = 412
  const weights = (tokens: readonly number[]) => tokens.map(() => 1)
  const any = { inputs: probePrompt, targets: probePrompt.map(() => target), weights: weights(probePrompt) }
  const {
    logProbs: [free = []],
  } = await options.client.forward({ ...model.next, data: [any] })
  const inputs = probePrompt.slice(0, 2)
  const cut = { inputs, targets: [inputs[1] as number, target], weights: weights(inputs) }
  const {
    logProbs: [last = []],
  } = await options.client.forward({ ...model.next, data: [cut] })
  return Math.abs((free[1] as number) - (last[1] as number)) <= near ? 'free' : 'rebuilt from the input'
}

/**
 * Twice: once where no other sampler of the model was ever asked, and once after a newer one was. SkyRL with JAX remembers which it has
 * loaded, and loads it over the model only if it is another.
 */
async function olderSampler(
  options: ProbeOptions,
  model: ProbedModel,
  sampler: string,
): Promise<Findings['olderSampler']> {
  const greedy = async (from: string) => (await draw(options, from, { temperature: 0 }))[0]
  const before = await greedy(sampler)
  for (let step = 0; step < 3; step++) {
    await model.gradient(['long', 'short'])
    await model.step()
  }
  const sampleAgain = async (): Promise<Findings['olderSampler']> => {
    const trained = await model.measure()
    const after = await greedy(sampler)
    const isFar = (a: readonly number[], b: readonly number[]) => distance(a, b) / Math.sqrt(trained.length) > near / 10
    if (isFar(await model.measure(), trained)) return 'written over the model'
    const isOld = isEqual(before?.tokens, after?.tokens) && !isFar(before?.logProbs ?? [], after?.logProbs ?? [])
    return isOld ? 'apart' : 'follows the model'
  }
  try {
    const alone = await sampleAgain()
    if (alone === 'written over the model') return alone
    await greedy(await model.saveSampler())
    const afterNewer = await sampleAgain()
    return afterNewer === 'apart' ? alone : afterNewer
  } catch (error) {
    if (error instanceof RlevError && error.kind !== 'ServiceUnavailable') return 'refused'
    throw error
  }
}
