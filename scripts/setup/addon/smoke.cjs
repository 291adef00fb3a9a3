// Loads the addon of the package named by the first argument, multiplies two matrices, and says what it runs on.
const util = require('node:util')
// Gone from Node 23 on, and called by tfjs-node 4.22.
util.isNullOrUndefined ??= value => value === null || value === undefined
util.isArray ??= Array.isArray

const tf = require(process.argv[2])
const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]))
const found = Array.from(product.dataSync()).join(' ')
if (found !== '19 22 43 50') throw new Error(`expected 19 22 43 50, found ${found}`)
const device = tf.backend().isUsingGpuDevice ? 'the GPU' : 'the CPU'
console.log(
  `TensorFlow ${tf.version_core === undefined ? '' : (tf.backend().binding.TF_Version ?? '')} computes on ${device}`,
)
