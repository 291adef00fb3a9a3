/**
 * Set-up, the first thing in `npm start` and `npm test`: makes what is missing, passes over what is there. Plain Node without
 * dependencies, because it installs them.
 *
 *   node scripts/setup.mjs                 make what is missing
 *   node scripts/setup.mjs --check         print the state of each part as JSON, make nothing
 *   node scripts/setup.mjs --only a,b      only these parts and those they come after
 *   node scripts/setup.mjs --tests         also what only tests need; tests that need one that cannot be made are skipped
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { addon } from './setup/addon/addon.mjs'
import { build } from './setup/build.mjs'
import { checkParts } from './setup/check.mjs'
import { makeContext } from './setup/context.mjs'
import { mlflow } from './setup/mlflow.mjs'
import { checkNode } from './setup/node.mjs'
import { packages } from './setup/packages.mjs'
import { PartError } from './setup/part-error.mjs'
import { makeParts } from './setup/steps.mjs'
import { temporal } from './setup/temporal.mjs'
import { tensorflow } from './setup/tensorflow.mjs'
import { versitygw } from './setup/versitygw.mjs'

const everyPart = [packages, tensorflow, addon, temporal, mlflow, build]
/** Tests that need one are skipped where it cannot be made. */
const testParts = [versitygw]
const knownParts = [...everyPart, ...testParts]

async function main() {
  const began = performance.now()
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, only: { type: 'string' }, tests: { type: 'boolean' } },
  })
  const context = makeContext()
  checkNode(context)
  const parts = values.only === undefined ? (values.tests ? knownParts : everyPart) : chosen(values.only.split(','))
  if (values.check) {
    console.log(JSON.stringify(await checkParts({ parts, context }), null, 2))
    return
  }
  let header = `set-up of rlev, cache ${context.cache}`
  const print = line => {
    if (header !== '') console.log(header)
    header = ''
    console.log(line)
  }
  const { made, failures, untried, records } = await makeParts({ parts, context, print })
  record(context, records)
  if (failures.some(({ part }) => values.only !== undefined || !testParts.includes(part))) {
    const lines = ['', `set-up could not make ${failures.length === 1 ? 'one part' : `${failures.length} parts`}`]
    for (const { part, error } of failures) lines.push(`${part.title}: ${error.message}`)
    if (untried.length > 0) lines.push(`not tried without it: ${untried.map(({ title }) => title).join(', ')}`)
    console.error(lines.join('\n'))
    process.exitCode = 1
    return
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(made.length === 0 ? `set-up: everything is there (${seconds} s)` : `set-up: done (${seconds} s)`)
}

function chosen(names) {
  const unknown = names.find(name => !knownParts.some(part => part.name === name))
  if (unknown !== undefined) {
    throw new PartError({
      message: 'there is no such part',
      expected: knownParts.map(({ name }) => name).join(', '),
      found: unknown,
      remedy: 'name one of these after --only',
    })
  }
  const wanted = new Set(names)
  // Each part comes after parts that stand before it in the list.
  for (const part of [...knownParts].reverse())
    if (wanted.has(part.name)) for (const name of part.after) wanted.add(name)
  return knownParts.filter(({ name }) => wanted.has(name))
}

/**
 * Where the services find the parts that are there. In the checkout, so that it holds also where RLEV_CACHE is not set later.
 */
function record({ local, cache }, records) {
  const file = join(local, 'parts.json')
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const text = `${JSON.stringify({ ...before, cache, ...records }, null, 2)}\n`
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  mkdirSync(local, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, text)
  renameSync(`${file}.${process.pid}`, file)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof PartError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
