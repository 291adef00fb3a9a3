// Bundles the compiled workflows of the checkout named by the first argument into dist/workflow-bundle.js.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'

const [root] = process.argv.slice(2)
const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'dist', 'workflows', 'index.js') })
const target = join(root, 'dist', 'workflow-bundle.js')
writeFileSync(`${target}.partial`, code)
renameSync(`${target}.partial`, target)
