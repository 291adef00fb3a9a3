/** Part of the build: the workflows as one file beside the compiled tree, so that a worker starts without webpack. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { buildFolder } from '../services/project.js'
import { bundleOf } from './bundle-age.mjs'

const workflowsPath = join(buildFolder, 'workflows', 'index.js')
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
writeFileSync(bundleOf(buildFolder), code)
