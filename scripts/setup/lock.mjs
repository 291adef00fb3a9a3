/**
 * One set-up at a time for each part of a cache. The holder touches its file every few seconds: a file that nobody touched
 * for a minute and a half, or whose process on this machine has ended, is left over from an interrupted set-up.
 */

import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** For what is made in the checkout and not in the cache; the file lies in the cache, for `npm ci` empties node_modules. */
export function checkoutLock({ root, cache }, report) {
  const name = `checkout-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.lock`
  return { file: join(cache, 'locks', name), onWait: () => report('waiting for another set-up of this checkout') }
}

const held = new Set()
process.once('exit', () => {
  for (const file of held) rmSync(file, { force: true })
})

/** Runs `work` while no other process runs under this file; `onWait` is called once when it has to wait. */
export async function withLock({ file, onWait }, work) {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!tryTake(file)) {
    if (isLeftOver(file)) {
      setAside(file)
      continue
    }
    if (!told) onWait?.()
    told = true
    await sleep(200)
  }
  held.add(file)
  const touch = setInterval(() => utimesSync(file, new Date(), new Date()), 10_000)
  touch.unref()
  try {
    return await work()
  } finally {
    clearInterval(touch)
    held.delete(file)
    rmSync(file, { force: true })
  }
}

function tryTake(file) {
  try {
    const handle = openSync(file, 'wx')
    writeSync(handle, JSON.stringify({ pid: process.pid, host: hostname() }))
    closeSync(handle)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isLeftOver(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > 90_000) return true
    const { pid, host } = JSON.parse(readFileSync(file, 'utf8'))
    return host === hostname() && !lives(pid)
  } catch {
    // Gone by now, or not yet written by the one who just took it: look again.
    return false
  }
}

function lives(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return error.code === 'EPERM'
  }
}

function setAside(file) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
  } catch (error) {
    // Another one was faster.
    if (error.code !== 'ENOENT') throw error
  }
  rmSync(aside, { force: true })
}
