/** The npm packages, exactly as the lock file names them, with install scripts off. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutLock, withLock } from './lock.mjs'
import { runCommand } from './run-command.mjs'

export const packages = {
  name: 'packages',
  title: 'npm packages',
  after: [],

  async state({ root }) {
    const place = join(root, 'node_modules')
    const ready = installed(root)
    return { ready, place, detail: ready ? 'as package-lock.json names them' : 'not as package-lock.json names them' }
  },

  async make(context, report) {
    await withLock(checkoutLock(context, report), async () => {
      if (installed(context.root)) return
      report('installing with npm ci')
      const npm = context.env.npm_execpath
      await runCommand({
        context,
        part: 'packages',
        // Under `npm start` the npm that runs is the one to use, by the Node that runs.
        command: npm ? process.execPath : 'npm',
        // The build and the tests need the development packages, whatever NODE_ENV says.
        args: [
          ...(npm ? [npm] : []),
          'ci',
          '--ignore-scripts',
          '--include=dev',
          '--no-audit',
          '--no-fund',
          '--loglevel=error',
        ],
        remedy: 'see whether npm reaches its registry (`npm ping`)',
      })
    })
  },
}

/** npm writes node_modules/.package-lock.json last: it lists what is really there, packages for other systems left out. */
function installed(root) {
  const listed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(listed)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(listed, 'utf8')).packages
  const names = new Set([...Object.keys(wanted), ...Object.keys(present)].filter(name => name !== ''))
  return [...names].every(name => {
    const [want, have] = [wanted[name], present[name]]
    if (have === undefined) return want.optional === true || want.devOptional === true
    return want?.version === have.version && want.integrity === have.integrity
  })
}
