/** One reading of a data file, in its own process. Arguments: `rows`, `items` or `parse`, and the file. Prints the figures as JSON. */
import { readFileSync } from 'node:fs'
import { readItems } from '../../pipelines/data/files/read-items.js'
import { rowsOf } from '../../pipelines/data/files/rows.js'

export interface FileReading {
  rows: number
  seconds: number
  /** Of all threads of the process. */
  processorSeconds: number
  /** Peak resident memory. (MiB) */
  peak: number
}

const [reader, path = ''] = process.argv.slice(2)
const began = performance.now()
const before = process.cpuUsage()
let rows = 0
if (reader === 'rows') for await (const _ of rowsOf(path)) rows++
else if (reader === 'items') rows = (await readItems({ path, form: 'auto', idPrefix: 'row-' })).items.length
else rows = (JSON.parse(readFileSync(path, 'utf8')) as unknown[]).length
const { user, system } = process.cpuUsage(before)
const reading: FileReading = {
  rows,
  seconds: (performance.now() - began) / 1000,
  processorSeconds: (user + system) / 1e6,
  peak: process.resourceUsage().maxRSS / 1024,
}
console.log(JSON.stringify(reading))
