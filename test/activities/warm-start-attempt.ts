/**
 * An attempt of a warm start in its own process, which a fail point may kill: `node warm-start-attempt.js HOME RUN`, of a run that has its
 * config. Prints each step that it has made.
 */
import { writeSync } from 'node:fs'
import { armFailPoints, failPointVariable } from '../../activities/fail-points/fail-point.js'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import { workplace } from '../../activities/workplace.js'
import { environment, runStage } from './driver.js'

const [, , home = '', run = ''] = process.argv
const place = workplace(home)
const data = await runStage(ioActivities(place).prepareData, { run })
armFailPoints(process.env[failPointVariable])
const mock = environment()
mock.on('heartbeat', (details: { done?: number } | undefined) => {
  if (details?.done !== undefined) writeSync(1, `${details.done}\n`)
})
await runStage(gpuActivities(place, new PolicyCache(place.store)).warmStart, { run, data }, mock)
