/** Runs as a separate process: trains the config in the file that it is given, directly, and prints what that took. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfFile } from '../../../activities/store/files.js'
import { savePolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { trainDirectly } from '../../direct-training.js'

export interface DirectResult {
  /** Without the first. */
  secondsPerStep: number
  /** sha256 of model.safetensors. */
  weights: string
}

const config = experimentSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
let afterFirst = Number.NaN
let ended = Number.NaN
const policy = await trainDirectly({
  config,
  onBegin() {},
  onStep(step) {
    ended = performance.now()
    if (step === 1) afterFirst = ended
  },
})
const folder = mkdtempSync(join(tmpdir(), 'rlev-direct-'))
await savePolicy(policy, folder)
const result: DirectResult = {
  secondsPerStep: (ended - afterFirst) / 1000 / (config.steps - 1),
  weights: digestOfFile(join(folder, 'model.safetensors'))?.sha256 ?? 'none',
}
rmSync(folder, { recursive: true })
console.log(JSON.stringify(result))
