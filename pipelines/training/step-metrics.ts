/** The metrics of one training step, stamped once when the step is made, so that sending them again is a no-op. */

export interface StepMetrics {
  step: number
  /** Milliseconds since 1970, fixed when the step was first computed. */
  time: number
  /** Slash-grouped names, as MLflow shows them: `reward/mean`, `policy/entropy`, ... Finite numbers only. */
  values: Readonly<Record<string, number>>
}
