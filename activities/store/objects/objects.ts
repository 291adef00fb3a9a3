/**
 * What rlev asks of an object store: keys with bytes, written as a whole, each write under a condition. A store without conditions cannot
 * keep two machines apart, and is refused (conditions.ts). Times are of the store's clock.
 */

/** An object as the store describes it. */
export interface Facts {
  key: string
  /** Changes with the content. No digest: an object of several parts has another form. */
  etag: string
  bytes: number
  /** In ms since 1970, by the store's clock. */
  modified: number
}

export interface Found {
  etag: string
  content: Buffer
}

/** `refused`: the condition did not hold and nothing was written. */
export type Put = { kind: 'written'; etag: string } | { kind: 'refused' }

export interface StoredFile {
  path: string
  sha256: string
  bytes: number
}

/** A part of a store: its keys are relative to a prefix. Methods throw ServiceUnavailable, NoStorage or CallInvalid. */
export interface Objects {
  /** For people: `s3://bucket/prefix`. */
  readonly address: string
  /** Null if there is no such object, as everywhere here. */
  get(key: string): Promise<Found | null>
  facts(key: string): Promise<Facts | null>
  /** Bytes from `start` up to before `end`. */
  range(key: string, range: { start: number; end: number }): Promise<Buffer | null>
  /** Refused if the key has other content already. The same content, which an unanswered request may have written, counts as written. */
  putIfAbsent(key: string, content: Uint8Array): Promise<Put>
  /** Refused unless the object still has the tag, or has this content. */
  putIfMatch(key: string, content: Uint8Array, etag: string): Promise<Put>
  /** False if the object has another tag by now. A missing one counts as deleted. */
  deleteIfMatch(key: string, etag: string): Promise<boolean>
  /** In the order of keys. `after`: only keys behind this one. */
  list(prefix: string, options?: { after?: string }): AsyncGenerator<Facts>
  /** What stands before the next slash in the keys under a prefix that ends with one. */
  names(prefix: string): AsyncGenerator<string>
  /**
   * A file of any size under a key that its digest is part of. Large ones go up in parts, several at once; what an interrupted call sent is
   * not sent again. An object from before `refreshBefore` is written again, so that its age does not make it garbage.
   */
  putFile(key: string, file: StoredFile, options?: { refreshBefore?: number }): Promise<void>
  /** Removes uploads that began before this time and did not end. Gives their number. */
  dropUploads(before: number): Promise<number>
  /** The store's clock. */
  now(): Promise<number>
}
