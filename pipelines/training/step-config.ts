/**
 * The config of one step: numbers that a schedule changes have the values of that step. What makes a step reads them
 * here, so that rewards, update and metrics of a step agree.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { learningRateOf } from './rate-schedule.js'

/** `step` counts from 1. */
export function configOfStep(config: ExperimentConfig, step: number): ExperimentConfig {
  return { ...config, update: { ...config.update, learningRate: learningRateOf(step, config) } }
}

/** What the schedules gave the step. */
export function scheduleMetrics(ofStep: ExperimentConfig): Record<string, number> {
  return { 'update/learning_rate': ofStep.update.learningRate }
}
