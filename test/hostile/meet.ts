/** The measured process: meets the cases of a table one after the other. Arguments: the table's module, the folder of the inputs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RlevError } from '../../pipelines/errors.js'
import type { HostileCase, Met } from './case.js'

const [table = '', folder = ''] = process.argv.slice(2)
const { cases, load } = (await import(table)) as { cases: HostileCase[]; load?: () => Promise<unknown> }
await load?.()

for (const [index, { name, meet }] of cases.entries()) {
  const began = performance.now()
  const before = process.cpuUsage()
  const outcome = await outcomeOf(() => meet(join(folder, String(index))))
  const milliseconds = Math.round(performance.now() - began)
  const { user, system } = process.cpuUsage(before)
  const met: Met = { name, ...outcome, milliseconds, busy: Math.round((user + system) / 1000), peak: peak() }
  process.stdout.write(`${JSON.stringify(met)}\n`)
}
process.exit()

async function outcomeOf(work: () => unknown): Promise<Pick<Met, 'refused' | 'message' | 'gives'>> {
  try {
    return { gives: JSON.stringify((await work()) ?? null) }
  } catch (error) {
    if (error instanceof RlevError) return { refused: error.kind, message: error.message }
    return { refused: 'unexpected', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Of this process: the kernel's own high-water mark. */
function peak(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
