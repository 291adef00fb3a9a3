/** What the tests of set-up share: its modules, and programs that are run in the checkout. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { projectFolder } from '../../../commands/services/project.js'

export const scripts = join(projectFolder, 'scripts')
export const load = async <Module>(name: string): Promise<Module> =>
  (await import(pathToFileURL(join(scripts, 'setup', name)).href)) as Module

export interface Ended {
  status: number
  output: string
}

export const run = (command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> =>
  new Promise(settle => {
    execFile(command, args, { env, cwd: projectFolder }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      settle({ status, output: `${stdout}${stderr}` })
    })
  })
