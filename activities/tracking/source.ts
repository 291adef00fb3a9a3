/** The tags of MLflow's source row: program, commit and user. */
import { execFile } from 'node:child_process'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Tag } from '../mlflow/types.js'

const here = dirname(fileURLToPath(import.meta.url))

export async function sourceTags(): Promise<Tag[]> {
  const tags = [
    { key: 'mlflow.source.name', value: 'rlev' },
    { key: 'mlflow.source.type', value: 'JOB' },
  ]
  const commit = await gitCommit()
  if (commit !== null) tags.push({ key: 'mlflow.source.git.commit', value: commit })
  const user = userName()
  if (user !== null) tags.push({ key: 'mlflow.user', value: user })
  return tags
}

async function gitCommit(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: here, timeout: 5000 })
    return stdout.trim()
  } catch {
    // An installation without git or outside a checkout has no commit to name.
    return null
  }
}

function userName(): string | null {
  try {
    return userInfo().username
  } catch {
    // A container may run under a user id without a name.
    return null
  }
}
