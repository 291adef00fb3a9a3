/** What MLflow needs in Python to speak with PostgreSQL: in a folder of the drill, so that the installed MLflow stays as it is. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { programOf } from '../../../commands/services/project.js'

const driver = 'psycopg2-binary==2.9.12'

export const driverFolder = (folder: string): string => join(folder, 'python')

export const hasDriver = (folder: string): boolean => existsSync(join(driverFolder(folder), 'psycopg2'))

/** Before the network of the drill, which reaches no index of packages. Throws what pip says. */
export async function installDriver(folder: string): Promise<void> {
  const python = join(dirname(programOf('mlflow')), 'python')
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--disable-pip-version-check', '--no-deps']
  await promisify(execFile)(python, [...pip, '--only-binary', ':all:', '--target', driverFolder(folder), driver])
}
