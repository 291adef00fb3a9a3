/** What is served: the reward of a config, or of one arm of a sweep. What a server of rewards cannot do is refused before it listens. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { loadPlan } from '../../pipelines/config/load.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import type { Arm } from '../../pipelines/rewards/serving/served-rows.js'
import { type ArmsCall, type ChosenArm, chosenArms, type Reading } from '../arms/chosen.js'
import { predictionReading, valuedArm } from '../arms/valued.js'
import { overrideOf } from '../plan/checked.js'
import { projectFolder } from '../services/project.js'

export interface Served {
  arm: Arm
  chosen: ChosenArm
  warnings: string[]
}

/** @throws RlevError ConfigInvalid, CallInvalid, DataInvalid. */
export async function servedArm({ config, ...call }: Partial<ArmsCall>, home: string): Promise<Served> {
  const path = config ?? join(projectFolder, 'configs', 'evaluate.yaml')
  const chosen =
    config === undefined
      ? withoutConfig(path, call)
      : onlyOne(await chosenArms({ config: path, ...given(call) }, readingToServe(home)), path)
  const { reward, value } = chosen.config
  refuseSite(chosen, path)
  if (reward.scale !== 'uniform') return { arm: { reward, value, uniform: null }, chosen, warnings: warningsOf(chosen) }
  if (config === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the uniform scale is a mean over the training items, and no config names them',
      place: 'reward.scale',
      expected: '--config FILE, the config of the arm with its data',
      remedy: 'rlev serve --config FILE --set reward.scale=uniform',
    })
  }
  const { train } = await valuedArm(chosen, home)
  return { arm: { reward, value, uniform: train[0]?.scale ?? null }, chosen, warnings: warningsOf(chosen) }
}

/** The config of `rlev score`, whose data is what comes. */
function withoutConfig(path: string, { arm, set = [] }: Omit<Partial<ArmsCall>, 'config'>): ChosenArm {
  if (arm !== undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'an arm is one of a sweep, and no config names any',
      place: `--arm ${arm}`,
      remedy: `rlev serve --config FILE --arm ${arm}`,
    })
  }
  const overrides = Object.fromEntries(set.map(overrideOf))
  // A config has data that is there; none of it is read here.
  const plan = loadPlan({ path, sections: { data: { train: path } }, overrides })
  if (plan.kind === 'sweep') throw new Error('the config is no sweep')
  return { name: 'serve', config: plan.config, id: plan.name }
}

/** Only the mean of uniform rewards is one over items. */
const readingToServe = (home: string): Reading => ({
  also: arm => (arm.config.reward.scale === 'uniform' ? ['data', ...predictionReading(arm, home)] : []),
})

/** Several arms may be served if they reward alike: they differ in what a server does not see. */
function onlyOne(arms: readonly ChosenArm[], path: string): ChosenArm {
  const [first, ...others] = arms as [ChosenArm, ...ChosenArm[]]
  const differs = others.some(({ config }) => !isDeepStrictEqual(rewarding(config), rewarding(first.config)))
  if (!differs) return first
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'the arms of this sweep have different rewards',
    place: path,
    expected: `--arm with one of ${arms.map(({ name }) => name).join(', ')}`,
    remedy: `rlev serve --config ${path} --arm ${first.name}`,
  })
}

const rewarding = ({ reward, value, judge, data }: ChosenArm['config']) =>
  reward.scale === 'uniform' ? { reward, value, judge, data } : { reward, judge, bonus: value.bonus, site: value.site }

/** A trainer gets a reward; what is not in it, the trainer would not know of. */
function refuseSite({ config }: ChosenArm, path: string): void {
  const { site } = config.value
  if (site === 'reward' || config.reward.scale === 'correctness') return
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: 'a server gives rewards, and the scale of this config acts elsewhere',
    place: path,
    expected: 'value.site: reward',
    found: site,
    remedy: 'rlev serve --set value.site=reward, or --set reward.scale=correctness',
  })
}

function warningsOf({ config }: ChosenArm): string[] {
  return config.overlong.buffer === null
    ? []
    : ['overlong.buffer has no effect here: a server does not know how many tokens a response has']
}
