/** The rules of a reward section by which a test marks: the defaults, but for verifier and final answer. */
export const plainRules = {
  tolerance: 1e-6,
  absoluteTolerance: 0,
  partial: 'none',
  wrongCredit: 0,
  units: 'convert',
} as const
