/** On machine d, started by `../machines.ts`: makes the drill and tells its lines and its result. It ends with the process that started it. */
import type { InsideCall, InsideNews } from '../machines.js'
import { drill } from './cases.js'
import { Network } from './network.js'

const call = JSON.parse(process.argv[2] ?? '') as InsideCall
const network = Network.named(call.network)
// The one that started this is gone, and cannot remove the network.
process.once('disconnect', () => {
  network.remove()
  process.exit(1)
})
const tell = (news: InsideNews): void => void process.send?.(news)

const result = await drill({ ...call, network, say: line => tell({ line }) })
process.send?.({ result } satisfies InsideNews, () => process.exit(0))
