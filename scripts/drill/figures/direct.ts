/** Runs as a separate process: trains the config in the file that it is given, directly, and prints what that took. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfFile } from '../../../activities/store/files.js'
import { savePolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'
import { trainDirectly } from '../../direct-training.js'

export interface DirectResult {
  /** Of each step but the first. (ms) */
  steps: number[]
  /** Processor time of the process for a step, without the first. (ms) */
  processorMs: number
  /** sha256 of model.safetensors. */
  weights: string
}

const config = experimentSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
const ends: number[] = []
let afterFirst = process.cpuUsage()
const policy = await trainDirectly({
  config,
  onBegin() {},
  onStep() {
    ends.push(performance.now())
    if (ends.length === 1) afterFirst = process.cpuUsage()
  },
})
const { user, system } = process.cpuUsage(afterFirst)
const folder = mkdtempSync(join(tmpdir(), 'rlev-direct-'))
await savePolicy(policy, folder)
const result: DirectResult = {
  steps: ends.slice(1).map((end, index) => end - (ends[index] as number)),
  processorMs: (user + system) / 1000 / (config.steps - 1),
  weights: digestOfFile(join(folder, 'model.safetensors'))?.sha256 ?? 'none',
}
rmSync(folder, { recursive: true })
console.log(JSON.stringify(result))
