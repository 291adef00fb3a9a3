/** Keys of a GGUF file's header, read with their types. */
import { RlevError } from '../../errors.js'

/** Numbers of 64 bits are bigint in the header. */
export class Metadata {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #place: string

  constructor(values: Readonly<Record<string, unknown>>, place: string) {
    this.#values = values
    this.#place = place
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.#refuse(key, 'a number')
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#values[key]
    if (value === undefined) return undefined
    return isNumber(value) ? Number(value) : this.#refuse(key, 'a number')
  }

  text(key: string): string {
    return this.optionalText(key) ?? this.#refuse(key, 'text')
  }

  optionalText(key: string): string | undefined {
    const value = this.#values[key]
    return value === undefined || typeof value === 'string' ? value : this.#refuse(key, 'text')
  }

  flag(key: string, missing: boolean): boolean {
    const value = this.#values[key] ?? missing
    return typeof value === 'boolean' ? value : this.#refuse(key, 'true or false')
  }

  texts(key: string): readonly string[] {
    const value = this.#values[key]
    if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value
    return this.#refuse(key, 'a list of texts')
  }

  numbers(key: string): readonly number[] {
    const value = this.#values[key]
    return Array.isArray(value) && value.every(isNumber) ? value.map(Number) : this.#refuse(key, 'a list of numbers')
  }

  #refuse(key: string, expected: string): never {
    const value = this.#values[key]
    throw new RlevError({
      kind: 'CheckpointInvalid',
      message: value === undefined ? `the key ${key} is missing` : `the key ${key} is invalid`,
      place: this.#place,
      expected,
      found: value === undefined ? 'nothing' : shown(value),
      remedy: 'fetch the file again, or one that llama.cpp reads',
    })
  }
}

/** A finite number; of 64 bits only as far as a number here is exact. */
const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' ? Number.isSafeInteger(Number(value)) : Number.isFinite(value)

/** A list may have a million values. */
function shown(value: unknown): string {
  const some = Array.isArray(value) ? value.slice(0, 10) : value
  const text = JSON.stringify(some, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? typeof value
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
