/** The verdict on a response, 1_correct(y) of eq. 1. Shares of correct responses and pass@k read it, and never the reward. */

/**
 * `correct` is full credit and `wrong` anything less (mark.ts). `unscored` is not in the paper: the judge gave no verdict, or the
 * reference answer cannot be read. An unscored response has no reward and is left out of every mean.
 */
export type Verdict = 'correct' | 'wrong' | 'unscored'
