/**
 * Interceptor for the workflows of a test. A sweep does not learn that a child with the seed `heldSeed` has started until the
 * test signals `showStart`; nor does a sweep of the name `heldBatch`, of its batches. The child runs meanwhile, so a test can send the sweep messages while it starts an experiment.
 */
import {
  CancellationScope,
  condition,
  defineSignal,
  setHandler,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow'

export const heldSeed = 404
/** Begins the name of a sweep. */
export const heldBatch = 'held-batch'
/** Once for each start. */
export const showStart = defineSignal('showStart')

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async startChildWorkflowExecution(input, next) {
        const id = input.options.workflowId
        const isHeld = id.endsWith(`/seed-${heldSeed}`) || (id.startsWith(heldBatch) && id.includes('/batch-'))
        if (!isHeld) return next(input)
        let shown = false
        setHandler(showStart, () => {
          shown = true
        })
        const started = await next(input)
        await CancellationScope.nonCancellable(() => condition(() => shown))
        return started
      },
    },
  ],
})
