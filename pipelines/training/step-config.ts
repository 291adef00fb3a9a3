/**
 * The config of one step: numbers that a schedule changes have the values of that step. What makes a step reads them
 * here, so that rewards, update and metrics of a step agree.
 */
import { isScheduled, type KlBefore, klCoefficientOf } from '../advantages/kl-schedule.js'
import type { ExperimentConfig } from '../config/schema.js'
import { learningRateOf } from './rate-schedule.js'

/** `step` counts from 1. `before`: of the step before, if the divergence has an adaptive schedule. */
export function configOfStep(config: ExperimentConfig, step: number, before: KlBefore | null = null): ExperimentConfig {
  return {
    ...config,
    kl: { ...config.kl, coefficient: klCoefficientOf(step, config, before) },
    update: { ...config.update, learningRate: learningRateOf(step, config) },
  }
}

/** What the schedules gave the step. */
export function scheduleMetrics(ofStep: ExperimentConfig): Record<string, number> {
  return {
    'update/learning_rate': ofStep.update.learningRate,
    ...(isScheduled(ofStep) ? { 'kl/coefficient': ofStep.kl.coefficient } : {}),
  }
}

/** What an adaptive schedule needs of a step's metrics; null if they lack it. */
export function klBeforeOf(values: Readonly<Record<string, number>>, { kl }: ExperimentConfig): KlBefore | null {
  const { 'kl/coefficient': coefficient, [`kl/${kl.estimator}`]: divergence } = values
  return coefficient === undefined || divergence === undefined ? null : { coefficient, divergence }
}
