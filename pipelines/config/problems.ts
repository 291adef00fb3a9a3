/** Problems of a config. All are reported at once, each with its place, so that a file can be corrected in one pass. */

import { RlevError } from '../errors.js'
import { given } from '../given.js'

export interface Problem {
  /** `file:line:column`, or how an override was given. */
  place: string
  message: string
  expected?: string | undefined
  found?: string | undefined
  remedy?: string | undefined
}

/** Problems that are listed: a file that is not a config has one in every line. */
const maxListed = 50

/** ConfigInvalid over one or more problems in the order of their places; a problem that several arms have is listed once. */
export function configError(problems: readonly Problem[]): RlevError {
  const told = problems.slice(0, maxListed)
  // Numeric, so that line 10 comes after line 9.
  const inOrder = told.toSorted((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }))
  const errors = inOrder.map(problemError)
  const texts = [...new Set(errors.map(({ message }) => message))]
  const first = errors[0]
  const untold = problems.length - told.length
  if (first !== undefined && texts.length === 1 && untold === 0) return first
  const rest = untold === 0 ? [] : [`and ${untold} more`]
  return new RlevError({
    kind: 'ConfigInvalid',
    message: [`${texts.length + untold} problems in the config`, ...texts, ...rest].join('\n'),
  })
}

function problemError({ place, message, expected, found, remedy }: Problem): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    place,
    message,
    ...given({ expected, found, remedy }),
  })
}
