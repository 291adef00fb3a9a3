/** The workflows, for the worker's bundle. */

export { sweepBatch } from './batches/sweep-batch.js'
export { experiment } from './experiment.js'
export { sweep } from './sweep.js'
