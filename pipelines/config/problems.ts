/** What is wrong with a config. All of it is told at once, each with its place, so that a file is corrected in one go. */
import { RlevError } from '../errors.js'

export interface Problem {
  /** `file:line:column`, or how an override was given. */
  place: string
  message: string
  expected?: string | undefined
  found?: string | undefined
  remedy?: string | undefined
}

/** ConfigInvalid over one or more problems in the order of their places; the same problem met in several arms is told once. */
export function configError(problems: readonly Problem[]): RlevError {
  // Numeric, so that line 10 comes after line 9.
  const inOrder = problems.toSorted((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }))
  const errors = inOrder.map(problemError)
  const texts = [...new Set(errors.map(({ message }) => message))]
  const first = errors[0]
  if (first !== undefined && texts.length === 1) return first
  return new RlevError({
    kind: 'ConfigInvalid',
    message: [`${texts.length} problems in the config`, ...texts].join('\n'),
  })
}

function problemError({ place, message, expected, found, remedy }: Problem): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    place,
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(remedy === undefined ? {} : { remedy }),
  })
}
