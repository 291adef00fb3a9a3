/** A checkout like this one, but for one file that computes: the folder of its build. */
import { appendFileSync, cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buildFolder, projectFolder } from '../../commands/services/project.js'

export function otherVersion(checkout: string): string {
  const build = join(checkout, 'dist')
  cpSync(buildFolder, build, { recursive: true, filter: path => !/dist\/(test|scripts)$|\.build-stamp$/.test(path) })
  for (const name of ['node_modules', 'package.json', 'package-lock.json', 'scripts'])
    symlinkSync(join(projectFolder, name), join(checkout, name))
  appendFileSync(join(build, 'pipelines', 'training', 'loss.js'), '\n// another version\n')
  return build
}
