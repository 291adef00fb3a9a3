/** The test's Tinker server as a process: its settings as JSON in the first argument. Prints its address once it listens. */
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { Models } from './models.js'
import { makeServer } from './server.js'
import { defaultSettings, type ServerSettings, serverEngine } from './settings.js'

const settings: ServerSettings = { ...defaultSettings, ...(JSON.parse(process.argv[2] as string) as ServerSettings) }
const loaded = await loadPolicy(settings.base, serverEngine)
const { tokenizer } = loaded
// As servers have it: no id is left out of the distribution.
const base = { ...loaded, tokenizer: { ...tokenizer, padId: tokenizer.eosIds[0] as number, hasToken: () => true } }
const app = makeServer(new Models(base, settings), settings)
console.log(await app.listen({ host: '127.0.0.1', port: settings.port }))
