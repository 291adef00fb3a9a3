import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { keepDigest, readDigested } from '../../../activities/store/digest-beside.js'
import { readSealed, seal, unseal } from '../../../activities/store/sealed.js'
import { RlevError } from '../../../pipelines/errors.js'
import { stream } from '../../../pipelines/random.js'

const isKind = (kind: string) => (error: unknown) => error instanceof RlevError && error.kind === kind

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rlev-store-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('a sealed file', () => {
  const body = { step: 3, text: '“值”', numbers: [0.1, -1e-7, 12345678.9] }

  it('gives back what was sealed', () => {
    assert.deepEqual(unseal(Buffer.from(seal(body)), 'here'), body)
  })

  it('is refused after any change of one byte and any cut', () => {
    const whole = Buffer.from(seal(body))
    const random = stream(7, 'bytes')
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole)
      changed[place] = (whole[place] as number) ^ (1 + random.integer(255, place))
      assert.throws(() => unseal(changed, 'here'), isKind('ArtifactDamaged'), `byte ${place}`)
      assert.throws(() => unseal(whole.subarray(0, place), 'here'), isKind('ArtifactDamaged'), `cut at ${place}`)
    }
  })

  it('holds no number that JSON would lose', () => {
    assert.throws(() => seal({ loss: Number.NaN }), isKind('NotFinite'))
    assert.throws(() => seal([Number.POSITIVE_INFINITY]), isKind('NotFinite'))
  })
})

describe('a sealed file that says what it is of', () => {
  const whole = Buffer.from(seal({ text: 'a\ufffdb' }, 'metrics of step 3'))

  it('is refused in the place of another one, and after any change of one byte', () => {
    assert.deepEqual(unseal(whole, 'here', 'metrics of step 3'), { text: 'a\ufffdb' })
    assert.throws(
      () => unseal(whole, 'here', 'metrics of step 4'),
      (error: unknown) => {
        assert.ok(error instanceof RlevError && error.kind === 'ArtifactDamaged')
        assert.deepEqual([error.parts.expected, error.parts.found], ['metrics of step 4', 'metrics of step 3'])
        return true
      },
    )
    for (let place = 0; place < whole.length; place++) {
      for (let change = 1; change < 256; change++) {
        const changed = Buffer.from(whole)
        changed[place] = (whole[place] as number) ^ change
        assert.throws(() => unseal(changed, 'here', 'metrics of step 3'), isKind('ArtifactDamaged'), `byte ${place}`)
      }
    }
  })

  it('is not made one without a word of what it is by cutting that out', () => {
    const text = whole.toString('utf8').replace('"of":"metrics of step 3",', '')
    assert.throws(() => unseal(Buffer.from(text), 'here', 'metrics of step 3'), isKind('ArtifactDamaged'))
  })

  it('is refused where a folder lies in its place', () => {
    mkdirSync(join(home, 'entry.json'))
    assert.throws(() => readSealed(join(home, 'entry.json')), isKind('ArtifactDamaged'))
  })
})

describe('a file with its digest beside it', () => {
  it('is read as it was written, and refused when it was changed', () => {
    const path = join(home, 'plan.json')
    assert.equal(readDigested(path), null)
    writeFileSync(path, '{"steps": 100}')
    assert.equal(readDigested(path)?.toString(), '{"steps": 100}', 'without a digest it is taken as it is')
    keepDigest(path)
    writeFileSync(path, '{"steps": 900}')
    assert.throws(() => readDigested(path), isKind('ArtifactDamaged'))
  })
})
