/** One YAML file as located values. Syntax errors, duplicate keys, unknown tags and alias bombs are problems with places. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml'
import { configError, type Problem } from '../problems.js'
import type { Content, Located } from './located.js'

/** Aliases that a file may expand to; a handful is usual, and one that contains itself meets any bound. */
const MAX_ALIASES = 100

/** The file's content; an empty file is an empty map. Throws ConfigInvalid. `path` is how the caller names the file. */
export function readYaml(path: string): Located {
  const counter = new LineCounter()
  const document = parseDocument(readText(path), { lineCounter: counter, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const problems = [...document.errors, ...document.warnings].map(
    ({ message, pos, code }): Problem => ({
      place: place(pos[0]),
      message: code === 'DUPLICATE_KEY' ? 'the key is given twice' : message,
      remedy: code === 'DUPLICATE_KEY' ? 'keep one of them' : 'correct the YAML',
    }),
  )
  if (problems.length > 0) throw configError(problems)
  const folder = dirname(resolve(path))
  if (document.contents === null) {
    return { place: place(0), keyPlace: place(0), folder, content: { kind: 'map', entries: new Map() } }
  }
  return new Reader(document, place, folder).located(document.contents)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    throw configError([
      {
        place: path,
        message: 'the config cannot be read',
        expected: 'a YAML file',
        found: cause.message,
        remedy: 'check the path',
      },
    ])
  }
}

class Reader {
  readonly #document: Document.Parsed
  readonly #place: (offset: number) => string
  readonly #folder: string
  #aliases = 0

  constructor(document: Document.Parsed, place: (offset: number) => string, folder: string) {
    this.#document = document
    this.#place = place
    this.#folder = folder
  }

  located(node: ParsedNode | Node | null, keyPlace?: string): Located {
    const place = node?.range ? this.#place(node.range[0]) : (keyPlace ?? this.#place(0))
    return { place, keyPlace: keyPlace ?? place, folder: this.#folder, content: this.#content(node, place) }
  }

  #content(node: ParsedNode | Node | null, place: string): Content {
    if (isAlias(node)) {
      this.#aliases++
      if (this.#aliases > MAX_ALIASES) {
        throw configError([
          {
            place,
            message: `the aliases of the file expand to more than ${MAX_ALIASES}`,
            expected: `at most ${MAX_ALIASES} uses of aliases, counted as often as they are expanded`,
            remedy: 'write the values out, or use extends',
          },
        ])
      }
      // An alias without its anchor is a problem that the parser has told.
      return this.#content(node.resolve(this.#document) ?? null, place)
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): [string, Located] => {
        const keyPlace = isScalar(key) && key.range ? this.#place(key.range[0]) : place
        return [this.#key(key, keyPlace), this.located(value as Node | null, keyPlace)]
      })
      return { kind: 'map', entries: new Map(entries) }
    }
    if (isSeq(node)) return { kind: 'list', items: node.items.map(item => this.located(item as Node | null)) }
    return { kind: 'scalar', value: isScalar(node) ? node.value : null }
  }

  #key(key: unknown, place: string): string {
    if (isScalar(key) && ['string', 'number', 'boolean'].includes(typeof key.value)) return String(key.value)
    throw configError([{ place, message: 'a key that is no text', expected: 'a name before the colon' }])
  }
}
