/** A worker process of this bench: `worker.js orchestrator|activities ADDRESS HOME`. Runs until SIGTERM. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { homeId, workplace } from '../../../activities/workplace.js'
import { queuesOf } from '../../../workflows/queues.js'
import { bundleOfWorkflows } from './bundle.js'
import { stubbedGpu, stubbedIo } from './stubs.js'

const [kind, address, home] = process.argv.slice(2)
if (address === undefined || home === undefined) throw new Error('worker.js KIND ADDRESS HOME')
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] })
const connection = await NativeConnection.connect({ address })
const place = workplace(home)
const queues = queuesOf({ home: homeId(home), code: place.code.digest })
const workers =
  kind === 'orchestrator'
    ? [
        await Worker.create({
          ...{ connection, taskQueue: queues.workflows, workflowBundle: await bundleOfWorkflows() },
          stickyQueueScheduleToStartTimeout: '2 seconds',
        }),
      ]
    : await Promise.all([
        Worker.create({ connection, taskQueue: queues.io, activities: stubbedIo(place) }),
        Worker.create({ connection, taskQueue: queues.gpu, activities: stubbedGpu(place) }),
      ])
await Promise.all(workers.map(worker => worker.run()))
await connection.close()
