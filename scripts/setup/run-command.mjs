/** Runs a program of the set-up: its output goes to a log in the cache, its last lines into the error when it fails. */

import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PartError } from './part-error.mjs'

const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal)
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}

/**
 * @param {{ context: object, part: string, command: string, args: string[], cwd?: string, env?: object,
 *   timeout?: number, remedy?: string, onLine?: (line: string) => void }} options `timeout` in milliseconds
 * @returns {Promise<string>} standard output
 * @throws {PartError} when the program is not there, does not end in time, or ends with a status other than 0
 */
export function runCommand({ context, part, command, args, cwd, env, timeout, remedy, onLine }) {
  mkdirSync(join(context.cache, 'logs'), { recursive: true })
  const log = join(context.cache, 'logs', `${part}.log`)
  const shown = [command, ...args].join(' ')
  const sink = createWriteStream(log, { flags: 'a' })
  sink.write(`\n$ ${shown}\n`)
  const tail = []
  let stdout = ''
  return new Promise((settle, fail) => {
    const child = spawn(command, args, {
      cwd: cwd ?? context.root,
      env: { ...context.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeout === undefined ? {} : { timeout, killSignal: 'SIGKILL' }),
    })
    running.add(child)
    const take = text => {
      sink.write(text)
      for (const line of text.split(/[\r\n]+/)) {
        if (line.trim() === '') continue
        tail.push(line)
        if (tail.length > 15) tail.shift()
        onLine?.(line)
      }
    }
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += text
      take(text)
    })
    child.stderr.setEncoding('utf8').on('data', take)
    const broken = found => {
      fail(
        new PartError({
          message: `${shown} failed`,
          expected: 'exit status 0',
          found: `${found}; all of it is in ${log}${tail.map(line => `\n            ${line}`).join('')}`,
          remedy,
        }),
      )
    }
    child.once('error', error => {
      running.delete(child)
      sink.end()
      broken(error.message)
    })
    child.once('close', (status, signal) => {
      running.delete(child)
      sink.end()
      if (status === 0) settle(stdout)
      else broken(signal ?? `status ${status}`)
    })
  })
}
