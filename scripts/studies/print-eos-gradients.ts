/**
 * `npm run eos-gradients`: the EOS gradient of the paper's appendix (eq. 13) on a trained policy, by fifth of
 * the items by value: the formula beside autograd, at the last positions of the greedy response, where the
 * policy decides whether to end. Usage, after the build:  npm run eos-gradients -- CHECKPOINT CONFIG [--arm
 * ARM] [--items N] [--further N]
 */

import { parseArgs } from 'node:util'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { localEngine } from '../../pipelines/config/engine-kinds.js'
import { prepareData } from '../../pipelines/data/prepare.js'
import { disposeEngines } from '../../pipelines/engine/engine-cache.js'
import { disposePolicy } from '../../pipelines/model/policy.js'
import { scaleOf, uniformScale } from '../../pipelines/rewards/scales.js'
import { verify } from '../../pipelines/rewards/verify.js'
import { generate } from '../../pipelines/sampling/generate.js'
import { encodePrompts } from '../../pipelines/tokenizer/tokenizer.js'
import { normalizeValues } from '../../pipelines/values/normalize.js'
import { chosenArm } from '../chosen-arm.js'
import { eosGradient } from './eos-gradient.js'

const { positionals, values: given } = parseArgs({
  allowPositionals: true,
  options: {
    arm: { type: 'string' },
    items: { type: 'string', default: '50' },
    further: { type: 'string', default: '2' },
  },
})
const [checkpoint, path] = positionals
if (checkpoint === undefined || path === undefined)
  throw new Error('usage: npm run eos-gradients -- CHECKPOINT CONFIG [--arm ARM] [--items N] [--further N]')
const config = chosenArm({ path, ...(given.arm === undefined ? {} : { arm: given.arm }) })
const further = Number(given.further)
const { bonus } = config.value
const { train, test } = await prepareData(config.data, { seed: config.seed, bonus })
const { reward } = config
const mean =
  reward.scale === 'uniform' ? uniformScale(normalizeValues(train, { ...reward, bonus }).values, reward) : undefined
const byValue = normalizeValues(test, { ...reward, bonus }).values.map(({ value }, index) => ({
  value,
  item: test[index] as (typeof test)[number],
}))
byValue.sort((a, b) => b.value - a.value)

const policy = await loadPolicy(checkpoint, localEngine(config.engine))
console.log('fifth by value  items  positions  P(EOS)  predicted     by autograd   largest gap')
for (let fifth = 0; fifth < 5; fifth++) {
  const size = Math.ceil(byValue.length / 5)
  const items = byValue.slice(fifth * size, (fifth + 1) * size).slice(0, Number(given.items))
  const prompts = await encodePrompts(
    policy.tokenizer,
    items.map(({ item }) => item.prompt),
  )
  const { maxTokens } = config.rollout
  const responses = await generate({ policy, prompts, maxTokens, chunk: prompts.length, uniforms: () => null })
  const found = items.flatMap(({ item, value }, index) => {
    const tokens = responses[index]?.tokens ?? []
    const length = tokens.findIndex(token => policy.tokenizer.eosIds.includes(token))
    if (length < 1) return []
    return [length - 1, length].map(position =>
      eosGradient({
        policy,
        promptTokens: prompts[index] as number[],
        begun: tokens.slice(0, position),
        furtherTokens: further,
        scale: scaleOf({ value, reward, uniformScale: mean }),
        correct: ids =>
          verify({ response: { text: policy.tokenizer.decode(ids), finish: 'stop' }, item, reward }).verdict ===
          'correct',
      }),
    )
  })
  const average = (read: (one: (typeof found)[number]) => number) =>
    found.reduce((sum, one) => sum + read(one), 0) / Math.max(1, found.length)
  const gap = Math.max(0, ...found.map(({ predicted, differentiated }) => Math.abs(predicted - differentiated)))
  const cells = [average(one => one.eos).toFixed(3), average(one => one.predicted).toExponential(3)]
  console.log(
    `${String(fifth + 1).padEnd(15)} ${String(items.length).padStart(5)}  ${String(found.length).padStart(9)}  ${cells[0]?.padStart(6)}  ${cells[1]?.padStart(12)}  ${average(
      one => one.differentiated,
    )
      .toExponential(3)
      .padStart(12)}  ${gap.toExponential(1)}`,
  )
}
disposePolicy(policy)
disposeEngines()
