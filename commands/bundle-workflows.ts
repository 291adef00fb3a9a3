/** Part of the build: the workflows as one file beside the compiled tree, so that a worker starts without webpack. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'

const workflowsPath = fileURLToPath(new URL('../workflows/index.js', import.meta.url))
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
writeFileSync(fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)), code)
