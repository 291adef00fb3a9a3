/**
 * The metrics of one training step. Their time is fixed when the step is made, so that sending them again
 * changes nothing.
 */

export interface StepMetrics {
  step: number
  /** When the step was first computed. (ms since 1970) */
  time: number
  /** By name, grouped by slashes as in MLflow: `reward/mean`, `policy/entropy`, ... Finite numbers only. */
  values: Readonly<Record<string, number>>
}
