/** `npm run check`: lint, types, dead code, the direction of imports and prose, side by side. Prints what failed, and the time of each. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` }

const checks = [
  ['lint and layout', 'biome', 'check', '.'],
  ['types', 'tsc', '-p', 'tsconfig.json', '--noEmit'],
  [
    'imports',
    'depcruise',
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'err',
    'activities',
    'commands',
    'pipelines',
    'workflows',
    'scripts',
    'test',
  ],
  ['dead code', 'knip', '--no-progress'],
  ['dead code but for tests', 'knip', '--no-progress', '--production'],
  ['prose', process.execPath, 'scripts/check-prose.mjs'],
]

function run([title, command, ...args]) {
  return new Promise(settle => {
    const began = performance.now()
    const child = spawn(command, args, { cwd: root, env })
    let said = ''
    child.stdout.on('data', text => (said += text))
    child.stderr.on('data', text => (said += text))
    child.on('error', error => (said += `${error.message}: run \`npm run setup\`, which installs what is missing`))
    child.on('close', status => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`)
      if (status !== 0) console.log(said.trimEnd())
      settle(status === 0)
    })
  })
}

const waiting = [...checks]
const outcomes = []
async function worker() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) outcomes.push(await run(next))
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
if (outcomes.includes(false)) process.exitCode = 1
