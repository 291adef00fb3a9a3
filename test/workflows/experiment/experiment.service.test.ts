/**
 * The two workflows on a real Temporal server, a real MLflow and real worker processes. One start for all suites, which are in the
 * files beside this one. The first one makes the bits that the others have to give.
 */
import { after, before } from 'node:test'
import { begin, services } from './on-services.js'
import './undisturbed.js'
import './same-bits.js'
import './mlflow-away.js'
import './sweeps.js'

before(begin)
after(() => services?.stop())
