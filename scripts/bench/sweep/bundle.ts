/** The workflows for this bench's workers and replays, as the build made them. */
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker'

export function bundleOfWorkflows(): Promise<WorkflowBundleOption> {
  const workflowsPath = fileURLToPath(new URL('../../../workflows/index.js', import.meta.url))
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') })
}
