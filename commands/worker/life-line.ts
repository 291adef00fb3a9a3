/**
 * Whether a worker on this machine lives: it listens on a socket in a folder, and the kernel refuses a connection from the moment that
 * the process has ended. A pid would not do: it names another process in each container that shares a home.
 *
 * A refusal is certain only for a process of the same boot that sees the folder in the same file system (`Outlook`). Over a network folder
 * the kernel of another machine refuses too, whether or not the worker lives.
 */
import { closeSync, openSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { bootName } from '../services/identity.mjs'

export interface Outlook {
  boot: string
  /** Number of the file system. */
  device: number
}

/** Throws where the system does not say which boot it is. */
export function outlookOn(folder: string): Outlook {
  const boot = bootName()
  if (boot === undefined) throw new Error('the system does not say since when it runs')
  return { boot, device: statSync(folder).dev }
}

/** Until this process ends. Rejects where the file system has no sockets. */
export function listenAt(folder: string, name: string): Promise<Server> {
  return bySocketPath(folder, name, path => {
    const server = createServer(socket => socket.destroy()).unref()
    return new Promise((settle, fail) => {
      server.once('error', fail)
      server.listen(path, () => settle(server))
    })
  })
}

/** Whether the process that listened there has ended. False where that is not certain. */
export function hasEnded(folder: string, name: string): Promise<boolean> {
  return bySocketPath(folder, name, path => {
    const socket = connect(path)
    return new Promise(settle => {
      socket.once('connect', () => settle(false))
      socket.once('error', error => settle('code' in error && error.code === 'ECONNREFUSED'))
    }).finally(() => socket.destroy()) as Promise<boolean>
  })
}

/** The path of a socket may have 107 bytes, and that of a home more. */
async function bySocketPath<Result>(folder: string, name: string, use: (path: string) => Promise<Result>) {
  const handle = openSync(folder, 'r')
  try {
    return await use(`/proc/self/fd/${handle}/${name}`)
  } finally {
    closeSync(handle)
  }
}
