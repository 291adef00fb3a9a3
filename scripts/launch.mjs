/**
 * Starts a compiled script with the environment that TensorFlow needs before a process begins:
 *
 *   node scripts/launch.mjs bench/main --sizes small
 */

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [name = '', ...given] = process.argv.slice(2)
const script = join(root, 'dist', 'scripts', `${name}.js`)
if (!existsSync(script)) {
  console.error(`${script} is not there; build by \`npm run setup\``)
  process.exit(1)
}
const file = join(root, 'node_modules', '.rlev', 'parts.json')
const folders = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).tensorflow?.libraryFolders ?? []) : []
const path = [...folders, ...(process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : [])].join(':')
const env = { ...process.env, ...(path === '' ? {} : { LD_LIBRARY_PATH: path }) }
const child = spawn(process.execPath, [script, ...given], { stdio: 'inherit', env })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('close', (status, signal) => {
  process.exitCode = status ?? (signal === null ? 1 : 130)
})
