/**
 * A file that is one object with its rows under a key, such as `{"keywords": ..., "example": [...]}` of GAOKAO-Bench: that key, and what
 * the object says once for all rows.
 */
import { gaokaoBench } from '../forms/exam-sets.js'
import { type FileBytes, openBytes } from './bytes.js'
import type { Fields } from './fields.js'
import { kindOfFile, markBytes } from './kinds.js'
import { firstBlack, membersOf } from './object-file.js'
import { WrittenNumber } from './written-number.js'

export interface Wrapper {
  /** Key of the rows, if the object tells it; undefined if the config names it. */
  key?: string
  /** Texts and numbers of the object, which are columns of every row that has none of that name. */
  outer: Fields
}

/** Null if the file is no such object, or cannot be opened: the reader of the rows says why. */
export async function wrapperOf(
  path: string,
  { form, key }: { form: string; key: string | undefined },
): Promise<Wrapper | null> {
  if (key === undefined && form !== 'auto' && form !== 'gaokao-bench') return null
  let bytes: FileBytes
  try {
    bytes = await openBytes(path)
  } catch {
    return null
  }
  try {
    return wrapperIn(bytes.head, { key, named: form === 'gaokao-bench' })
  } finally {
    await bytes.close()
  }
}

/** `named`: the config says that it is GAOKAO-Bench; else its first row must look so. */
function wrapperIn(head: Buffer, { key, named }: { key: string | undefined; named: boolean }): Wrapper | null {
  if (kindOfFile(head) !== 'object') return null
  const { members } = membersOf(head, firstBlack(head, markBytes(head)))
  if (key === undefined) {
    const list = members.find(member => member.key === GAOKAO_ROWS)
    if (list === undefined || members.every(member => member.key !== 'keywords')) return null
    if (!named && !gaokaoBench.tells(columnsOfFirst(head, list.at))) return null
  }
  const scalars = members.flatMap(({ key: name, at }) => {
    const value = scalarAt(head, at)
    return value === null ? [] : [[name, value] as const]
  })
  return { ...(key === undefined ? { key: GAOKAO_ROWS } : {}), outer: Object.fromEntries(scalars) }
}

const GAOKAO_ROWS = 'example'

/** The columns of the first row of the list that opens at `at`, without their values. */
function columnsOfFirst(head: Buffer, at: number): Fields {
  const { members } = membersOf(head, firstBlack(head, at + 1))
  return Object.fromEntries(members.map(member => [member.key, '']))
}

/** Longest text or number of the object that is read. (bytes) */
const maxScalarBytes = 10_000

function scalarAt(head: Buffer, at: number): string | WrittenNumber | null {
  const text = head.toString('utf8', at, at + maxScalarBytes)
  const quoted = /^"(?:[^"\\]|\\.)*"/s.exec(text)?.[0]
  if (quoted === undefined) {
    const digits = /^-?\d+(?:\.\d+)?(?=\s*[,}])/.exec(text)?.[0]
    return digits === undefined ? null : new WrittenNumber(digits)
  }
  try {
    return JSON.parse(quoted) as string
  } catch {
    // Not JSON: the reader of the rows says so.
    return null
  }
}
