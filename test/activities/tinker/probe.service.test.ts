/** The probe against servers that behave as those do that exist, and against faults, several at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Findings, findingLines, findingsDigest } from '../../../activities/tinker/probe/findings.js'
import { probe } from '../../../activities/tinker/probe/probe.js'
import type { ServerSettings } from '../../tinker-server/settings.js'
import { tinyBase } from '../../tinker-server/start.js'
import { goodFindings } from './good-findings.js'
import { served } from './tiny-server.js'

const good = goodFindings(tinyBase)

const servers: [name: string, settings: Partial<ServerSettings>, otherwise: Partial<Findings>][] = [
  ['one that keeps what a run wants', {}, {}],
  [
    'one like SkyRL with JAX: a mean of means, no resend, samplers written over the model',
    {
      reduction: 'mean of means',
      resend: 'counted again',
      samplers: 'written over the model',
      emptyStep: 'left out',
      seeds: 'seed',
    },
    {
      reduction: 'mean of means',
      resend: 'counted again',
      olderSampler: 'written over the model',
      emptyStep: 'left out',
      seeds: 'one for all',
    },
  ],
  [
    'one with every fault that is left',
    {
      gradients: 'last only',
      moments: 'lost',
      targets: 'rebuilt',
      stop: 'ignored',
      seeds: 'ignored',
      logProbs: 'tempered',
      adam: 'rate only',
    },
    {
      accumulates: false,
      restoresMoments: false,
      targets: 'rebuilt from the input',
      honoursStop: false,
      seeds: 'ignored',
      logProbs: 'tempered',
      honoursEpsilon: false,
      honoursClipNorm: false,
    },
  ],
]
for (const [name, settings, otherwise] of servers) {
  test(`the probe finds ${name}, and leaves no model`, async t => {
    const { client, models } = await served(t, settings)
    const found = await probe({ client, baseModel: tinyBase, name: 'probe-1' })
    assert.deepEqual(found, { ...good, ...otherwise })
    assert.equal(models.count, 0)
    assert.equal(findingLines(found).length, Object.keys(good).length - 1)
    if (name.startsWith('one that keeps')) assert.equal(findingsDigest(found), findingsDigest(good))
    else assert.notEqual(findingsDigest(found), findingsDigest(good))
  })
}
