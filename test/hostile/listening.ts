/** Which addresses the processes that a test started, and theirs, accept connections on: asked of the kernel. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Listening {
  pid: number
  command: string
  address: string
  port: number
}

/** Of all descendants of this process. */
export function listening(): Listening[] {
  const sockets = new Map([...socketsIn('/proc/net/tcp'), ...socketsIn('/proc/net/tcp6')])
  return descendants(process.pid).flatMap(pid =>
    inodesOf(pid).flatMap(inode => {
      const found = sockets.get(inode)
      return found === undefined ? [] : [{ pid, command: read(`/proc/${pid}/comm`).trim(), ...found }]
    }),
  )
}

/** By inode; state 0A is LISTEN (proc(5)). */
function socketsIn(path: string): [string, { address: string; port: number }][] {
  const lines = read(path).trim().split('\n').slice(1)
  return lines.flatMap((line): [string, { address: string; port: number }][] => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === '0A' ? [[inode, { address: readable(address), port: Number.parseInt(port, 16) }]] : []
  })
}

/** Words of four bytes, each with its lowest byte first. */
function readable(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word => (word.match(/../g) ?? []).reverse())
  if (bytes.length === 4) return bytes.map(byte => Number.parseInt(byte, 16)).join('.')
  const mapped = bytes.slice(0, 12).join('') === '00000000000000000000ffff'.toUpperCase()
  if (mapped)
    return bytes
      .slice(12)
      .map(byte => Number.parseInt(byte, 16))
      .join('.')
  return (bytes.join('').match(/.{4}/g) ?? []).map(word => Number.parseInt(word, 16).toString(16)).join(':')
}

export const isLoopback = (address: string): boolean => /^127\./.test(address) || address === '0:0:0:0:0:0:0:1'

function descendants(root: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => [Number(name), parentOf(Number(name))]),
  )
  const below = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)])
  return below(root)
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function inodesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(file => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${file}`))?.[1]
      return inode === undefined ? [] : [inode]
    })
  } catch {
    // It has ended meanwhile.
    return []
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed meanwhile.
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Ended meanwhile.
    return ''
  }
}
