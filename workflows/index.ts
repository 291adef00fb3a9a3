/** What the worker's bundle is made of. */
export { experiment } from './experiment.js'
export { sweep } from './sweep.js'
