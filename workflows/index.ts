/** The workflows, for the worker's bundle. */
export { experiment } from './experiment.js'
export { sweep } from './sweep.js'
export { sweepBatch } from './sweep-batch.js'
