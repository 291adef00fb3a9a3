/**
 * The probe of a Tinker server: trials on its own small models, which it unloads. Nobody else's model is touched. It takes some
 * hundred requests, and leaves a few small checkpoints, because not every server can delete them.
 */
import { RlevError } from '../../../pipelines/errors.js'
import { startTicker } from '../ticker.js'
import type { Findings } from './findings.js'
import { probeSampling } from './probe-sampling.js'
import { distance, ProbedModel, type ProbeOptions, probeAdam } from './trials.js'

/** Share of a step's effect by which equal trials may differ, besides the noise of two that are the same. */
const tolerance = 0.02

export async function probe(options: ProbeOptions): Promise<Findings> {
  const { client, signal, onWait } = options
  const sessionId = await client.createSession({ signal, onWait })
  const ticker = startTicker({ client, sessionId })
  try {
    const learning = await probeLearning(options, sessionId)
    return { baseModel: options.baseModel, ...learning, ...(await probeSampling(options, sessionId)) }
  } finally {
    ticker.stop()
  }
}

type Learning = Pick<
  Findings,
  | 'accumulates'
  | 'reduction'
  | 'resend'
  | 'restoresMoments'
  | 'emptyStep'
  | 'honoursEpsilon'
  | 'honoursClipNorm'
  | 'sameBits'
>

async function probeLearning(options: ProbeOptions, sessionId: string): Promise<Learning> {
  /** What a fresh model gives after some work. */
  const trial = async (work: (model: ProbedModel) => Promise<unknown>, state?: string): Promise<number[]> => {
    const model = await ProbedModel.open(options, sessionId, state)
    try {
      await work(model)
      return await model.measure()
    } finally {
      await model.close()
    }
  }
  const both = async (model: ProbedModel) => {
    await model.gradient(['long', 'short'])
    await model.step()
  }

  const start = await trial(async () => {})
  const whole = await trial(both)
  const again = await trial(both)
  const effect = distance(whole, start)
  if (!(effect > 0)) throw standsStill(options)
  const noise = distance(whole, again) / effect
  const isSame = (a: readonly number[], b: readonly number[]) => distance(a, b) / effect <= tolerance + 4 * noise

  // A sequence is its two halves, if the loss is a sum; with the factors for it, if it is a mean of means.
  const cut = (asMean: number | null) => (model: ProbedModel) =>
    model.gradient(['first half', 'second half', 'short'], { asMean }).then(() => model.step())
  const asSum = await trial(cut(null))
  const wholeMean = await trial(model => model.gradient(['long', 'short'], { asMean: 2 }).then(() => model.step()))
  const asMean = await trial(cut(3))
  const reduction = isSame(asSum, whole) ? 'sum' : isSame(asMean, wholeMean) ? 'mean of means' : 'other'

  // Of uneven size, so that a mean a request is no mean over all.
  const factor = reduction === 'mean of means' ? 3 : null
  const inRequests = (twice: boolean) => async (model: ProbedModel) => {
    await model.gradient(['first half', 'second half'], { asMean: factor, twice })
    await model.gradient(['short'], { asMean: factor })
    await model.step()
  }
  const requests = await trial(inRequests(false))
  const accumulates = isSame(requests, factor === null ? asSum : asMean)
  const resend = await orRefused(async () =>
    isSame(await trial(inRequests(true)), requests) ? 'counted once' : 'counted again',
  )

  const emptyStep = await orRefused(async () => {
    const later = await trial(async model => {
      await both(model)
      await model.step()
    })
    return isSame(later, whole) ? 'left out' : 'applied'
  })

  let state = ''
  const second = async (model: ProbedModel) => {
    await model.gradient(['short'])
    await model.step()
  }
  const uninterrupted = await trial(async model => {
    await both(model)
    state = await model.saveState()
    await second(model)
  })
  const restored = await trial(second, state)

  const stepped = (adam: object) => async (model: ProbedModel) => {
    await model.gradient(['long', 'short'])
    await model.step({ ...probeAdam, ...adam })
  }
  // So large that nothing moves, if it is taken; so small that it vanishes against epsilon, if it is clipped.
  const stands = (after: readonly number[]) => distance(after, start) / effect <= 0.1 + 4 * noise
  const honoursEpsilon = stands(await trial(stepped({ epsilon: 1e9 })))
  const clipped = await trial(stepped({ clipNorm: 1e-12 }))

  return {
    accumulates,
    reduction,
    resend,
    restoresMoments: isSame(restored, uninterrupted),
    emptyStep,
    honoursEpsilon,
    honoursClipNorm: stands(clipped),
    sameBits: noise === 0,
  }
}

async function orRefused<Found>(found: () => Promise<Found>): Promise<Found | 'refused'> {
  try {
    return await found()
  } catch (error) {
    if (error instanceof RlevError && error.kind === 'CallInvalid') return 'refused'
    throw error
  }
}

function standsStill({ client, baseModel }: ProbeOptions): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'an optimizer step changes nothing on this Tinker server',
    place: `${client.address}, ${baseModel}`,
    expected: 'other log-probabilities after forward_backward and optim_step',
    found: 'the same',
    remedy: 'look at the log of the server',
  })
}
