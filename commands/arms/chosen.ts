/** The arms of a config that a call is about: the experiment, an arm of a sweep, or all of its arms, with one seed. */
import { type NamingPart, namingParts } from '../../pipelines/config/hub-names.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { idInSweep } from '../../pipelines/config/start-order.js'
import { RlevError } from '../../pipelines/errors.js'
import { given } from '../../pipelines/given.js'
import { checkedPlan } from '../plan/checked.js'

export interface ArmsCall {
  /** Path of a YAML file. */
  config: string
  set?: readonly string[] | undefined
  arm?: string | undefined
  /** By default the first one of the config. */
  seed?: number | undefined
}

export interface ChosenArm {
  name: string
  config: ExperimentConfig
  /** Of its experiment in a home. */
  id: string
}

/** Which files and models that a config names are read. Others are not fetched, and need not be there. */
export interface Reading {
  always?: readonly NamingPart[]
  /** What an arm needs too. */
  also: (arm: ChosenArm) => readonly NamingPart[]
}

/** @throws RlevError ConfigInvalid or CallInvalid. */
export async function chosenArms(call: ArmsCall, { always = [], also }: Reading): Promise<ChosenArm[]> {
  const arms = await armsReading(call, always)
  const needed = new Set([...always, ...arms.flatMap(arm => also(arm))])
  return needed.size === new Set(always).size ? arms : armsReading(call, [...needed])
}

async function armsReading(
  { config: path, arm, ...call }: ArmsCall,
  parts: readonly NamingPart[],
): Promise<ChosenArm[]> {
  const unread = namingParts.filter(part => !parts.includes(part))
  const { plan } = await checkedPlan({ config: path, set: call.set ?? [], unread, ...given({ seed: call.seed }) })
  if (plan.kind === 'experiment') {
    if (arm !== undefined && arm !== plan.name) throw unknownArm(arm, [plan.name], path)
    return [{ name: plan.name, config: plan.config, id: plan.name }]
  }
  const seed = plan.settings.seeds[0] as number
  const arms = plan.arms.map(({ name, config }) => ({
    name,
    config: { ...config, seed },
    id: idInSweep(plan.name, { arm: name, seed }),
  }))
  const chosen = arm === undefined ? arms : arms.filter(({ name }) => name === arm)
  if (chosen.length > 0) return chosen
  throw unknownArm(
    arm ?? '',
    arms.map(({ name }) => name),
    path,
  )
}

function unknownArm(arm: string, names: readonly string[], path: string): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the config has no such arm',
    place: path,
    expected: names.join(', '),
    found: arm,
    remedy: `--arm ${names[0]}`,
  })
}
