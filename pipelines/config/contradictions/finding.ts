/** What a rule says about a config whose keys are each valid but do not go together. */
import type { NamingPart } from '../hub-names.js'
import type { ExperimentConfig } from '../schema.js'

export interface Finding {
  /** refuse: the run would not do what its config says; warning: a key has no effect. */
  severity: 'refuse' | 'warning'
  /** Path of the key that decides the place. */
  key: string
  message: string
  expected?: string
  found?: string
  remedy?: string
}

export interface Subject {
  config: ExperimentConfig
  /** Whether a key was written in a file, rather than left to its default. */
  given: (key: string) => boolean
  /** Whether a sweep declares the arm to take the baseline's step. */
  placebo: boolean
  /** Parts of which the caller reads no file: what they name need not be there. */
  unread?: readonly NamingPart[]
}

export type Rule = (subject: Subject) => Finding[]

/** Rules by name: what holds if the rule finds nothing. */
export type Rules = Readonly<Record<string, Rule>>

/** A finding for each of the keys that were given. */
export function withoutEffect({ given }: Subject, keys: readonly string[], because: string): Finding[] {
  return keys
    .filter(given)
    .map(key => ({ severity: 'warning', key, message: `${key} has no effect: ${because}`, remedy: `leave ${key} out` }))
}
