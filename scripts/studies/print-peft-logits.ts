/**
 * An exported adapter in rlev's engine beside PEFT: the largest difference of a logit. `scripts/peers/peft_logits.py` makes the other side.
 *
 *   node scripts/launch.mjs studies/print-peft-logits BASE ADAPTER logits.json
 */
import { readFileSync } from 'node:fs'
import { loadAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { disposeEngines } from '../../pipelines/engine/engine-cache.js'
import { defaultEngine, withAdapter } from '../../pipelines/model/policy.js'
import { lastLogits, withEveryIdDrawn } from '../../test/pipelines/model/golden.js'

/** Logits of both sides. */
const most = 1e-4

const [base, folder, file] = process.argv.slice(2)
if (base === undefined || folder === undefined || file === undefined)
  throw new Error('usage: print-peft-logits BASE ADAPTER logits.json')
const peft = JSON.parse(readFileSync(file, 'utf8')) as { prompts: number[][]; logits: number[][]; effect: number }
const policy = withEveryIdDrawn(await loadPolicy(base, defaultEngine))
const adapter = await loadAdapter({ folder, architecture: policy.architecture })
const found = lastLogits(withAdapter(policy, adapter), peft.prompts)
const gaps = peft.logits.flatMap((row, index) =>
  row.map((value, id) => Math.abs(value - (found[index]?.[id] as number))),
)
const largest = Math.max(...gaps)
console.log(
  `${gaps.length} logits of ${peft.prompts.length} prompts: at most ${largest.toExponential(2)} apart, the adapter changes them by up to ${peft.effect.toExponential(2)}`,
)
if (!(largest <= most && peft.effect > 100 * most)) process.exitCode = 1
disposeEngines()
