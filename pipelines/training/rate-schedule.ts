/**
 * The learning rate of a step, counted from 1. It depends on the step's number and the config only, so a step that
 * is computed again has the same rate. A step without an update counts too.
 *
 *   t <= W:      eta t / W
 *   t > W:       eta (f + (1 - f) shape(p)),  p = min(1, (t - 1 - W) / (H - W))
 *   linear:      shape(p) = 1 - p
 *   cosine:      shape(p) = (1 + cos(pi p)) / 2
 *   constant:    shape(p) = 1
 *
 * eta update.learningRate; W schedule.warmup; f schedule.floor; H schedule.steps, or the steps of the run. After the
 * warm-up these are the rates of PyTorch's LinearLR and CosineAnnealingLR. PyTorch's users often begin the warm-up at
 * rate 0; here no step is without effect.
 */
import type { ExperimentConfig } from '../config/schema.js'

export function learningRateOf(step: number, { steps, update }: Pick<ExperimentConfig, 'steps' | 'update'>): number {
  const { learningRate, schedule } = update
  if (schedule === undefined || schedule === null) return learningRate
  const { kind, warmup, floor } = schedule
  if (step <= warmup) return (learningRate * step) / warmup
  const horizon = schedule.steps ?? steps
  const progress = Math.min(1, (step - 1 - warmup) / (horizon - warmup))
  return learningRate * (floor + (1 - floor) * shapeOf(kind, progress))
}

function shapeOf(kind: 'linear' | 'cosine' | 'constant', progress: number): number {
  switch (kind) {
    case 'linear':
      return 1 - progress
    case 'cosine':
      return (1 + Math.cos(Math.PI * progress)) / 2
    case 'constant':
      return 1
    default:
      return kind satisfies never
  }
}
