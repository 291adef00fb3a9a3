/**
 * The mark of a response: its verdict, and the credit that its reward is a multiple of. The paper has 1_correct(y) only; the credit adds
 * parts of the points, and points that a wrong answer costs.
 */
import { RlevError } from '../errors.js'
import { given } from '../given.js'
import type { Verdict } from './verdict.js'

export interface Mark {
  /** Correct: full credit. Wrong: less than full credit. Unscored: no credit is known. */
  verdict: Verdict
  /** Share of the item's points, in [-1, 1]: 1 if and only if correct, 0 if unscored. */
  credit: number
}

/** A mark as records keep it: the credit is left out if it follows from the verdict, 1 if correct and else 0. */
export interface KeptMark {
  verdict: Verdict
  credit?: number
}

/**
 * The mark of a verdict, or of a credit. A verdict alone has the credit 1 or 0.
 * @throws RlevError CallInvalid for a credit outside [-1, 1].
 */
export function markOf(verdictOrCredit: Verdict | number): Mark {
  if (typeof verdictOrCredit === 'string') {
    return { verdict: verdictOrCredit, credit: impliedCredit(verdictOrCredit) }
  }
  if (!(verdictOrCredit >= -1 && verdictOrCredit <= 1)) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'markOf: a credit outside [-1, 1]',
      expected: 'a number from -1 to 1',
      found: String(verdictOrCredit),
    })
  }
  // Without the sum, a credit of -0 would stay -0.
  return { verdict: verdictOrCredit === 1 ? 'correct' : 'wrong', credit: verdictOrCredit + 0 }
}

export function keptMark({ verdict, credit }: Mark): KeptMark {
  return { verdict, ...given({ credit: credit === impliedCredit(verdict) ? undefined : credit }) }
}

export function creditOf({ verdict, credit }: KeptMark): number {
  return credit ?? impliedCredit(verdict)
}

/** The verdict, with the credit if it does not follow: `wrong, credit 0.25`. */
export function markText({ verdict, credit }: KeptMark): string {
  return credit === undefined ? verdict : `${verdict}, credit ${Number(credit.toPrecision(3))}`
}

function impliedCredit(verdict: Verdict): number {
  return verdict === 'correct' ? 1 : 0
}
