/** A form of data files: how a row of a published set is recognized, and which of its columns mean what. */
import type { formNames } from '../../config/sections/exam-files.js'
import type { Fields } from '../files/fields.js'
import type { Mapping } from './mapping.js'

export type FormName = (typeof formNames)[number]

export interface Form {
  /** What is published in it, for the documentation. */
  about: string
  /** Whether a row is one of this form, by columns that no form before it has. */
  tells: (fields: Fields) => boolean
  /** The same in words, for the documentation. */
  toldBy: string
  /** Over the names of the form `plain`. */
  mapping: Mapping
  /** Columns made of those of the row, which the mapping names. Throws BadField. */
  derived?: { columns: (fields: Fields) => Fields; names: Readonly<Record<string, string>> }
  /** Options stand in the prompt, by letter. */
  lettered?: 'one-letter' | 'letters'
}
