/** What every step of the set-up knows: the checkout, the cache, the machine, and which TensorFlow is wanted. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PartError } from './part-error.mjs'

export const versions = JSON.parse(readFileSync(new URL('versions.json', import.meta.url), 'utf8'))

export function makeContext(env = process.env) {
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
  const cache = resolve(env.RLEV_CACHE || join(homedir(), '.cache', 'rlev'))
  let kind
  return {
    root,
    cache,
    env,
    versions,
    platform: process.platform,
    arch: process.arch,
    local: join(root, 'node_modules', '.rlev'),
    /** 'cpu' or 'gpu': RLEV_TENSORFLOW, else whether an NVIDIA driver answers. */
    kind: () => {
      kind ??= chooseKind(env)
      return kind
    },
  }
}

async function chooseKind({ RLEV_TENSORFLOW: wanted }) {
  if (wanted === 'cpu' || wanted === 'gpu') return wanted
  if (wanted !== undefined && wanted !== '') {
    throw new PartError({
      message: 'RLEV_TENSORFLOW names no kind of TensorFlow',
      expected: 'cpu or gpu',
      found: wanted,
      remedy: 'correct or unset RLEV_TENSORFLOW',
    })
  }
  return new Promise(settle => {
    execFile('nvidia-smi', ['-L'], { timeout: 20_000 }, error => settle(error === null ? 'gpu' : 'cpu'))
  })
}
