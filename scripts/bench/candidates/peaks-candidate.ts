/** What the machine reaches by TensorFlow, as a candidate of the bench. Started by the bench: node peaks-candidate.js */

import { tensorFlowVersion } from '../version.js'
import { answerRequests } from './answering.js'
import { machinePeaks } from './peaks.js'

await answerRequests(request => {
  switch (request.do) {
    case 'open':
      return { versions: tensorFlowVersion() }
    case 'peak':
      return { peak: machinePeaks() }
    case 'tune':
      return {}
    default:
      throw new TypeError(`no measure ${request.do} of the machine`)
  }
})
