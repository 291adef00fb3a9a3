/**
 * One YAML file as located values. Syntax errors, duplicate keys and unknown tags are problems with places; so are files
 * that are too long or too deep, or whose aliases expand to too much.
 */
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
import { readRegularFile } from '../../input/regular-file.js'
import { configError, type Problem } from '../problems.js'
import type { Content, Located } from './located.js'

/** A hundred times the longest of configs/. */
const MAX_BYTES = 128 * 1024

/** Maps and lists within each other; a config has five. */
const MAX_DEPTH = 20

/** Characters of a key. */
const MAX_KEY = 200

/** Values, those that aliases stand for counted as often as they are expanded. */
const MAX_VALUES = 20_000

/** Aliases that a file may expand to; a handful is usual, and one that contains itself meets any bound. */
const MAX_ALIASES = 100

/** The file's content; an empty file is an empty map. Throws ConfigInvalid. `path` is how the caller names the file. */
export function readYaml(path: string): Located {
  const folder = dirname(resolve(path))
  const place = `${path}:1:1`
  return (
    parseYaml(readText(path), { name: path, folder }) ?? {
      place,
      keyPlace: place,
      folder,
      content: { kind: 'map', entries: new Map() },
    }
  )
}

/** A YAML text as a file of that name and folder would be read; null where it says nothing. Throws ConfigInvalid. */
export function parseYaml(text: string, { name, folder }: { name: string; folder: string }): Located | null {
  const counter = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const document = parsed(text, counter, name)
  const problems = [...document.errors, ...document.warnings].map(({ message, pos, code }): Problem => {
    if (code === 'RESOURCE_EXHAUSTION') return tooDeep(place(pos[0]))
    return { place: place(pos[0]), message, remedy: 'correct the YAML' }
  })
  const { explicit, version } = document.directives.yaml
  // YAML 1.1 reads 012 as 10 and y as true: the same file would mean other numbers.
  if (explicit && version !== '1.2') {
    const remedy = 'remove the %YAML line, or write %YAML 1.2'
    problems.push({
      place: name,
      message: 'the file asks for another YAML',
      expected: 'YAML 1.2',
      found: `%YAML ${version}`,
      remedy,
    })
  }
  if (problems.length > 0) throw configError(problems)
  if (document.contents === null) return null
  return new Reader(document, place, folder).read(document.contents)
}

function parsed(text: string, lineCounter: LineCounter, name: string): Document.Parsed {
  try {
    // Duplicate keys are found below: the parser compares every key of a map with every other.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    // The parser calls itself for every level.
    if (error instanceof RangeError) throw configError([tooDeep(name)])
    throw error
  }
}

const tooDeep = (place: string): Problem => ({
  place,
  message: 'the YAML is nested too deep',
  expected: `at most ${MAX_DEPTH} maps and lists within each other`,
  remedy: 'correct the YAML',
})

function readText(path: string): string {
  try {
    return readRegularFile(path, { maxBytes: MAX_BYTES }).toString('utf8')
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
  readonly #repeated: Problem[] = []
  #aliases = 0
  #values = 0

  constructor(document: Document.Parsed, place: (offset: number) => string, folder: string) {
    this.#document = document
    this.#place = place
    this.#folder = folder
  }

  read(node: ParsedNode): Located {
    const located = this.#located(node, 0)
    if (this.#repeated.length > 0) throw configError(this.#repeated)
    return located
  }

  #located(node: ParsedNode | Node | null, depth: number, keyPlace?: string): Located {
    const place = node?.range ? this.#place(node.range[0]) : (keyPlace ?? this.#place(0))
    this.#values++
    if (this.#values > MAX_VALUES) throw tooMany(place, `the file holds more than ${MAX_VALUES} values`)
    if (depth > MAX_DEPTH) throw configError([tooDeep(place)])
    return { place, keyPlace: keyPlace ?? place, folder: this.#folder, content: this.#content(node, place, depth) }
  }

  #content(node: ParsedNode | Node | null, place: string, depth: number): Content {
    if (isAlias(node)) {
      this.#aliases++
      if (this.#aliases > MAX_ALIASES) {
        throw tooMany(place, `the aliases of the file expand to more than ${MAX_ALIASES}`)
      }
      // An alias without its anchor is a problem that the parser has told.
      return this.#content(node.resolve(this.#document) ?? null, place, depth)
    }
    if (isMap(node)) {
      const entries = new Map<string, Located>()
      for (const { key, value } of node.items) {
        const keyPlace = isScalar(key) && key.range ? this.#place(key.range[0]) : place
        const name = this.#key(key, keyPlace)
        if (entries.has(name))
          this.#repeated.push({ place: keyPlace, message: 'the key is given twice', remedy: 'keep one of them' })
        entries.set(name, this.#located(value as Node | null, depth + 1, keyPlace))
      }
      return { kind: 'map', entries }
    }
    if (isSeq(node))
      return { kind: 'list', items: node.items.map(item => this.#located(item as Node | null, depth + 1)) }
    return { kind: 'scalar', value: isScalar(node) ? node.value : null }
  }

  #key(key: unknown, place: string): string {
    const name = isScalar(key) && ['string', 'number', 'boolean'].includes(typeof key.value) ? String(key.value) : null
    if (name !== null && name.length <= MAX_KEY) return name
    const message = name === null ? 'a key that is not text' : 'a key that is too long'
    throw configError([{ place, message, expected: `a name of at most ${MAX_KEY} characters before the colon` }])
  }
}

function tooMany(place: string, message: string) {
  return configError([
    {
      place,
      message,
      expected: `at most ${MAX_VALUES} values and ${MAX_ALIASES} uses of aliases, counted as often as they are expanded`,
      remedy: 'write the values out, or use extends',
    },
  ])
}
