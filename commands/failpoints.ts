/** `rlev failpoints`: the places where a drill can make a worker or a command die, fail or stand still. */
import { failPointVariable } from '../activities/fail-points/fail-point.js'
import { failPoints } from '../activities/fail-points/names.js'

export function failpoints({ json = false }: { json?: boolean | undefined } = {}): void {
  const rows = Object.entries(failPoints).map(([name, facts]) => ({ name, ...facts }))
  if (json) {
    console.log(JSON.stringify(rows, null, 2))
    return
  }
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.map(({ name, worker, sentence }) => `  ${name.padEnd(width)}  ${worker.padEnd(12)}  ${sentence}`)
  console.log(
    [
      `fail points, the worker or command that meets each, and what has happened there; armed when it starts:`,
      `  ${failPointVariable}=NAME:HIT:kill|throw|stall[=SECONDS][,...] rlev up`,
      '',
      ...lines,
    ].join('\n'),
  )
}
