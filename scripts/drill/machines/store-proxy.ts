/** The proxy before the object store, a process of machine a: `node store-proxy.js FOLDER ADDRESS PORT TARGET`. */
import { readFileSync } from 'node:fs'
import { stream } from '../../../pipelines/random.js'
import { type Call, type Fault, FaultyGateway } from '../../../test/activities/store/objects/gateway.js'
import { keepStruck, readStruck, type StoreStrikes, strikesFile } from './store-faults.js'

const [, , folder = '', host = '', port = '', target = ''] = process.argv
const draw = stream(1, 'faults of the store')
const counts = readStruck(folder)

function strike(call: Call): Fault {
  const fault = faultFor(call)
  keepStruck(folder, counts)
  return fault
}

function faultFor({ method }: Call): Fault {
  const { cut = 0, slowDown = 0, conflict = 0, lost = 0, delayMs } = strikes()
  const drawn = draw.uniform(counts.requests++)
  const writes = method === 'PUT' || method === 'DELETE' || method === 'POST'
  const shares = { cut, slowDown, conflict: writes ? conflict : 0, lost: writes ? lost : 0 }
  let upTo = 0
  for (const [name, share] of Object.entries(shares) as [keyof typeof shares, number][]) {
    upTo += share
    if (drawn >= upTo) continue
    counts[name]++
    return name === 'lost' ? 'swallow' : name
  }
  return delayMs === undefined ? 'none' : { delayMs }
}

const strikes = (): StoreStrikes => JSON.parse(readFileSync(strikesFile(folder), 'utf8')) as StoreStrikes

await FaultyGateway.before({ port: Number(target) }, strike, { host, port: Number(port) })
