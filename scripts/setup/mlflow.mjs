/** MLflow, in a separate Python environment: it shares no package with anything else on the machine. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { runCommand } from './run-command.mjs'
import { findPython } from './tools.mjs'
import { isWhole, makeInPlace } from './whole-folder.mjs'

const folderOf = ({ cache, versions }) => join(cache, 'mlflow', versions.mlflow)
const isReady = folder =>
  isWhole(folder) && existsSync(join(folder, 'bin', 'python')) && existsSync(join(folder, 'bin', 'mlflow'))

/**
 * The tables of MLflow without content, as `mlflow server` makes them: with the place of artifacts that it gives them. That takes it a
 * second; a new home gets a copy (commands/services/mlflow.ts).
 */
const emptyDatabaseIn = folder => join(folder, 'empty.db')
const makeTables = `
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore("sqlite:///" + sys.argv[1], "mlflow-artifacts:/")
`

export const mlflow = {
  name: 'mlflow',
  title: 'MLflow',
  after: [],

  async state(context) {
    const folder = folderOf(context)
    const version = context.versions.mlflow
    const command = join(folder, 'bin', 'mlflow')
    // bin/python is a link to the Python that made it: existsSync is false where that one is gone.
    const record = { mlflow: { command, version, emptyDatabase: emptyDatabaseIn(folder) } }
    return { ready: isReady(folder), version, place: folder, record }
  },

  async tools(context) {
    await findPython(context)
  },

  async make(context, report) {
    const folder = folderOf(context)
    const file = join(context.cache, 'locks', 'mlflow.lock')
    await withLock({ file, onWait: () => report('waiting for another set-up that installs it') }, async () => {
      if (isReady(folder)) return
      const { command: python, version } = await findPython(context)
      report(`installing mlflow ${context.versions.mlflow} with Python ${version}`)
      await makeInPlace(folder, async () => {
        const run = (command, args) =>
          runCommand({
            context,
            part: 'mlflow',
            command,
            args,
            remedy: 'see whether pip reaches its index, and how much disk is free (850 MB are needed)',
          })
        await run(python, ['-m', 'venv', folder])
        const pip = ['-m', 'pip', 'install', '--no-cache-dir', '--disable-pip-version-check']
        await run(join(folder, 'bin', 'python'), [...pip, `mlflow==${context.versions.mlflow}`])
        await run(join(folder, 'bin', 'mlflow'), ['--version'])
        await run(join(folder, 'bin', 'python'), ['-c', makeTables, emptyDatabaseIn(folder)])
      })
    })
  },
}
