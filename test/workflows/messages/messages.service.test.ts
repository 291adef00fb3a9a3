/**
 * Every message that the workflows take, at every moment that matters: on a real Temporal server with mocked activities. One
 * server for all suites, which are in the files beside this one.
 */
import { after, before } from 'node:test'
import { mocked, startMocked } from './mocked-workers.js'
import './before-first-task.js'
import './experiment-pause.js'
import './experiment-cancel.js'
import './early-stop.js'
import './evaluation-pieces.js'
import './points.js'
import './rollout-pieces.js'
import './sweep-stop-arm.js'
import './sweep-concurrency.js'
import './sweep-pause.js'
import './sweep-cancel.js'
import './sweep-moved.js'
import './sweep-large.js'
import './sweep-renewed.js'
import './late-link.js'

before(startMocked)
after(() => mocked?.stop())
