/** Rules about the sampling of responses: that a stop ends something, and leaves the answer that the verifier looks for. */
import { engineKind } from '../engine-kinds.js'
import { rolloutPiece } from '../rollout-piece.js'
import type { ExperimentConfig } from '../schema.js'
import type { Rules } from './finding.js'
import { withoutEffect } from './finding.js'

export const rolloutRules: Rules = {
  stopsNameSomething: ({ config: { rollout } }) => {
    const { stop } = rollout
    if (stop === null || stop.strings.length + stop.tokens.length > 0) return []
    return [
      {
        severity: 'refuse',
        key: 'rollout.stop',
        message: 'rollout.stop names nothing to stop at',
        expected: 'strings or tokens',
        found: 'neither',
        remedy: 'name one, or leave rollout.stop out',
      },
    ]
  },
  stopsAreNamedOnce: ({ config: { rollout } }) => {
    const { strings = [], tokens = [] } = rollout.stop ?? {}
    return (
      [
        ['rollout.stop.strings', strings],
        ['rollout.stop.tokens', tokens],
      ] as const
    ).flatMap(([key, named]) => {
      const again = named.find((one, index) => named.indexOf(one as never) < index)
      if (again === undefined) return []
      return [{ severity: 'warning' as const, key, message: `${key} names ${JSON.stringify(again)} twice` }]
    })
  },
  stopsLeaveTheAnswer: ({ config: { rollout, reward } }) => {
    const { strings = [], tokens = [], keepText = false } = rollout.stop ?? {}
    const texts = [...strings, ...tokens.filter(token => typeof token === 'string')]
    const hiding = texts.find(text => hides(text, reward.answer, keepText))
    if (hiding === undefined) return []
    const keepable = !keepText && reward.answer !== 'after-hash'
    const place = typeof reward.answer === 'string' ? reward.answer : JSON.stringify(reward.answer)
    return [
      {
        severity: 'refuse',
        key: strings.includes(hiding) ? 'rollout.stop.strings' : 'rollout.stop.tokens',
        message: `a response that ends at ${JSON.stringify(hiding)} has no answer where reward.answer ${place} looks for it`,
        expected: 'a stop behind the answer',
        found: keepable ? 'a stop that is a part of it, and is left out of the text' : 'a stop in front of it',
        remedy: keepable ? 'set rollout.stop.keepText: true, or stop at another text' : 'stop at another text',
      },
    ]
  },
  rolloutPiecesAreDivided: subject => {
    const { rollout, update, engine, steps } = subject.config
    const { piece, prompts } = rollout
    const key = 'rollout.piece'
    if (piece === undefined) return []
    const without = (because: string) => withoutEffect(subject, [key], because)
    if (steps === 0) return without('nothing is trained')
    if (engineKind(engine) !== 'local') return without('a server is asked by one worker')
    if (update.adapter === null) {
      return [
        {
          severity: 'refuse',
          key,
          message: 'pieces of a rollout are made by other workers, which would need all weights of every step',
          expected: 'update.adapter, of which a step has few weights',
          found: 'update.adapter null',
          remedy: 'set update.adapter: {rank: 16}, or leave rollout.piece out',
        },
      ]
    }
    if (rollout.dynamicSampling !== null) {
      return [
        {
          severity: 'refuse',
          key,
          message: 'dynamic sampling draws by the answers of the whole step, and rollout.piece divides them',
          expected: 'one of the two',
          found: 'both',
          remedy: 'leave rollout.piece or rollout.dynamicSampling out',
        },
      ]
    }
    return piece < prompts ? [] : without(`a step has ${prompts} prompts, which are one piece`)
  },
  piecesAreOfOneStep: subject => {
    if (rolloutPiece(subject.config) === null || subject.config.durability.stepsPerActivity === 1) return []
    const because = 'with rollout.piece each step is several activities'
    return withoutEffect(subject, ['durability.stepsPerActivity'], because)
  },
  dynamicSamplingFindsSignals: subject => {
    const { rollout, estimator, steps } = subject.config
    if (rollout.dynamicSampling === null) return []
    const key = 'rollout.dynamicSampling'
    if (steps === 0) return withoutEffect(subject, [key], 'nothing is trained')
    if (rollout.samples === 1) {
      return [
        {
          severity: 'refuse',
          key,
          message:
            'one response a prompt never differs from the others, so dynamic sampling would replace every prompt',
          expected: 'rollout.samples of at least 2',
          found: '1',
          remedy: 'draw more samples, or leave rollout.dynamicSampling out',
        },
      ]
    }
    if (!estimator.name.startsWith('reinforce++')) return []
    return [
      {
        severity: 'warning',
        key,
        message: `with ${estimator.name} a prompt whose answers are all right or all wrong has advantages too, because the baseline is the batch's; it is replaced all the same`,
      },
    ]
  },
}

/** Whether no response that ends at this text has a final answer (rewards/final-answer.ts). */
function hides(stop: string, answer: ExperimentConfig['reward']['answer'], keepText: boolean): boolean {
  if (answer === 'after-hash') return /^#+$/u.test(stop)
  if (keepText) return false
  if (answer === 'boxed') return stop === '}'
  const tag = answer === 'auto' ? 'answer' : typeof answer === 'object' && 'tag' in answer ? answer.tag : null
  if (tag === null) return false
  const closing = `</${tag}>`
  return stop.includes(closing) || (closing.includes(stop) && stop.includes('/'))
}
