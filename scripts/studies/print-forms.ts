/**
 * Prints what a warm start has learned: accuracy and frequency of each form, direct or with working, by
 * section. Usage, after the build:  node dist/scripts/studies/print-forms.js CONFIG [--seed N] [--samples N]
 * [--checkpoint DIR] With --checkpoint the folder's policy is measured instead of a new warm start.
 */
import { parseArgs } from 'node:util'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { prepareData } from '../../pipelines/data/prepare.js'
import { disposePolicy } from '../../pipelines/model/policy.js'
import { warmStart } from '../../pipelines/training/warm-start.js'
import { chosenArm } from '../chosen-arm.js'
import { accuracyByForm } from './forms.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, samples: { type: 'string', default: '8' }, checkpoint: { type: 'string' } },
})
const [path] = positionals
if (path === undefined) {
  throw new Error('usage: node dist/scripts/studies/print-forms.js CONFIG [--seed N] [--samples N] [--checkpoint DIR]')
}
const config = chosenArm({ path, ...(values.seed === undefined ? {} : { seed: Number(values.seed) }) })
const { seed } = config
const dataset = await prepareData(config.data, { seed, bonus: config.value.bonus })

const began = performance.now()
const tick = async ({ done, of }: { done: number; of: number } = { done: 0, of: 1 }) => {
  if (done % 100 === 0 && process.stderr.isTTY) process.stderr.write(`\rwarm start ${done}/${of} `)
}
const policy =
  values.checkpoint === undefined
    ? await warmStart({ config, dataset, hooks: { tick } })
    : await loadPolicy(values.checkpoint)
console.log(
  `${values.checkpoint ?? `warm start of ${config.warmStart.steps} steps`}, seed ${seed}, ${((performance.now() - began) / 1000).toFixed(0)} s`,
)
console.log('section   direct: share  acc    with working: share  acc')
const shown = (number: number | null) => (number === null ? '  - ' : number.toFixed(2))
for (const forms of await accuracyByForm({ policy, items: dataset.test, config, samples: Number(values.samples) })) {
  const { section, direct, working } = forms
  console.log(
    `${section.padEnd(9)} ${' '.repeat(9)}${shown(direct.share)}  ${shown(direct.acc)} ${' '.repeat(19)}${shown(working.share)}  ${shown(working.acc)}`,
  )
}
disposePolicy(policy)
