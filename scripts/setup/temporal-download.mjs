// Lets the SDK fetch the Temporal command-line program into the folder named by the first argument; it has no call for
// fetching alone, so the server is started and ended again.
import { TestWorkflowEnvironment } from '@temporalio/testing'

const [downloadDir] = process.argv.slice(2)
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir } },
})
await environment.teardown()
