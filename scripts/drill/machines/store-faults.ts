/** What befalls requests to the object store: the drill says it in a file, which the proxy before the store (store-proxy.ts) reads. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeWhole } from '../../../activities/store/files.js'

/** Shares of requests in [0, 1]. */
export interface StoreStrikes {
  /** Nothing reaches the store, and the connection is reset. */
  cut?: number
  /** 503, and the store has done nothing. */
  slowDown?: number
  /** 409, of writes only. */
  conflict?: number
  /** The store has done it, and the connection is reset before its answer. Of writes only. */
  lost?: number
  /** Each request is held back so long. (ms) */
  delayMs?: number
}

export type Struck = Record<Exclude<keyof StoreStrikes, 'delayMs'>, number> & { requests: number }

export const strikesFile = (folder: string): string => join(folder, 'store-proxy', 'strikes.json')
const countsFile = (folder: string): string => join(folder, 'store-proxy', 'counts.json')

export class StoreFaults {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(dirname(strikesFile(folder)), { recursive: true })
    this.none()
  }

  set(strikes: StoreStrikes): void {
    writeWhole(strikesFile(this.#folder), JSON.stringify(strikes))
  }

  none(): void {
    this.set({})
  }

  /** So far. */
  struck(): Struck {
    return readStruck(this.#folder)
  }

  figures(): Record<string, number> {
    const { requests, cut, slowDown, conflict, lost } = this.struck()
    return {
      'requests to the store': requests,
      'requests cut': cut,
      'answers 503': slowDown,
      'answers 409': conflict,
      'answers lost after the commit': lost,
    }
  }
}

export function readStruck(folder: string): Struck {
  try {
    return JSON.parse(readFileSync(countsFile(folder), 'utf8')) as Struck
  } catch {
    // The proxy is writing it, or has not begun.
    return { cut: 0, slowDown: 0, conflict: 0, lost: 0, requests: 0 }
  }
}

export function keepStruck(folder: string, struck: Struck): void {
  writeFileSync(countsFile(folder), JSON.stringify(struck))
}
