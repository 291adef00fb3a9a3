/** Each rule by its name: a config that it has something to say of, and one of defaults that it has not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { rules } from '../../../pipelines/config/contradictions.js'
import { experimentSchema } from '../../../pipelines/config/schema.js'

const file = 'data: {source: file, train: package.json, testShare: 1}'
const checkpoint = 'policy: {from: checkpoint, path: test/fixtures/qwen2-tiny}'
const judge = '{url: "http://127.0.0.1:1/v1", model: m'
/** What a config over a server of the Tinker API says, but for what a rule is about. */
const served = 'engine: {kind: tinker, url: "http://127.0.0.1:1", baseModel: m}'
const endpoint = '{url: "http://127.0.0.1:1/mark", name: m'

/** By rule: the config, and the key that the rule names. */
const found: Readonly<Record<string, readonly [config: string, key: string]>> = {
  dataFilesExist: ['data: {source: file, train: absent.jsonl}', 'data.train'],
  splitOfTestFile: ['data: {source: file, train: package.json, test: package.json, splitSeed: 3}', 'data.splitSeed'],
  itemsLeftToTrainOn: [file, 'data.testShare'],
  syntheticAnswers: ['reward: {verifier: choice}', 'reward.verifier'],
  syntheticWorkingFits: ['rollout: {maxTokens: 6}', 'rollout.maxTokens'],
  checkpointExists: ['policy: {from: checkpoint, path: absent}', 'policy.path'],
  headsDivideWidth: ['policy: {from: scratch, heads: 3}', 'policy.heads'],
  scaleReadsValues: ['value: {ablation: shuffled}\nreward: {scale: correctness}', 'value.ablation'],
  valueNoiseHasLevel: ['value: {ablation: gaussian}', 'value.noise'],
  scaleKeysAct: ['reward: {scale: correctness, alpha: 3}', 'reward.alpha'],
  valueIsNotCancelled: ['estimator: {name: grpo}', 'estimator.name'],
  partialCreditActs: ['reward: {verifier: numeric, partial: jee}', 'reward.partial'],
  creditsFitEstimator: ['estimator: {name: maxrl}\nreward: {wrongCredit: {hard: -0.25}}', 'reward.wrongCredit'],
  toleranceActs: ['reward: {tolerance: 0.1}', 'reward.tolerance'],
  judgeDecidesEverything: [`reward: {verifier: numeric}\njudge: ${judge}}`, 'reward.verifier'],
  judgeDecidesEvaluationOnly: [
    `steps: 0\nreward: {verifier: numeric}\njudge: ${judge}, decides: evaluation}`,
    'reward.verifier',
  ],
  judgeBackoffActs: [`judge: ${judge}, attempts: 1, backoff: 2}`, 'judge.backoff'],
  programIsThere: ['reward: {verifier: absent.ts}', 'reward.verifier'],
  endpointDecidesAlone: [`reward: {verifier: exact, endpoint: ${endpoint}}}`, 'reward.verifier'],
  endpointBackoffActs: [`reward: {endpoint: ${endpoint}, attempts: 1, backoffMs: 5}}`, 'reward.endpoint.backoffMs'],
  limitIsForProcesses: ['reward: {verifier: numeric, timeoutMs: 100}', 'reward.timeoutMs'],
  rulesOfOwnVerifier: [`reward: {units: ignore, endpoint: ${endpoint}}}`, 'reward.units'],
  warmStartKeysAct: [`${checkpoint}\nwarmStart: {batch: 4}`, 'warmStart.batch'],
  checkpointCanBeTaught: [
    `policy: {from: checkpoint, path: test/fixtures/qwen2-tiny, warmStart: {}}\nreward: {answer: {pattern: "= (.*)"}}`,
    'policy.warmStart',
  ],
  warmStartIsLongEnough: ['warmStart: {steps: 20, warmup: 40}', 'warmStart.warmup'],
  stopsNameSomething: ['rollout: {stop: {}}', 'rollout.stop'],
  stopsAreNamedOnce: ['rollout: {stop: {strings: [x, x]}}', 'rollout.stop.strings'],
  stopsLeaveTheAnswer: [
    'reward: {answer: {tag: result}}\nrollout: {stop: {strings: ["</result>"]}}',
    'rollout.stop.strings',
  ],
  rolloutPiecesAreDivided: ['rollout: {piece: 4}', 'rollout.piece'],
  piecesAreOfOneStep: [
    'rollout: {piece: 4}\nupdate: {adapter: {}}\ndurability: {stepsPerActivity: 5}',
    'durability.stepsPerActivity',
  ],
  dynamicSamplingFindsSignals: [
    'rollout: {dynamicSampling: {}, samples: 1}\nestimator: {name: reinforce++}',
    'rollout.dynamicSampling',
  ],
  overlongKeysAct: ['overlong: {factor: 2}', 'overlong.factor'],
  overlongBufferFits: ['overlong: {buffer: 15}', 'overlong.buffer'],
  penaltyFitsEstimator: ['overlong: {buffer: 4}\nestimator: {name: maxrl}', 'overlong.buffer'],
  samplesToCompare: ['rollout: {samples: 1}', 'rollout.samples'],
  estimatorEpsilonActs: ['estimator: {name: rloo, epsilon: 0.1}', 'estimator.epsilon'],
  klKeysAct: ['kl: {coefficient: 0.1}', 'kl.coefficient'],
  klHasGradient: ['kl: {place: loss, estimator: k1, coefficient: 0.1}', 'kl.estimator'],
  optimizerKeysAct: ['update: {optimizer: sgd, betas: [0.9, 0.9]}', 'update.betas'],
  rateScheduleActs: ['update: {schedule: {kind: constant, warmup: 3, floor: 0.1}}', 'update.schedule.floor'],
  rateScheduleFits: ['steps: 10\nupdate: {schedule: {warmup: 10}}', 'update.schedule.warmup'],
  klScheduleActs: ['kl: {place: loss, coefficient: 0.1, schedule: {kind: adaptive, end: 0.2}}', 'kl.schedule.end'],
  ppoMakesSeveralUpdates: ['update: {ppo: {clipLow: 0.1}}', 'update.ppo'],
  minibatchesFitStep: ['rollout: {prompts: 4}\nupdate: {ppo: {minibatches: 5}}', 'update.ppo.minibatches'],
  adapterFitsPolicy: ['update: {adapter: {rank: 65}}', 'update.adapter.rank'],
  tokenBudgetHoldsResponse: ['update: {tokenBudget: 14}', 'update.tokenBudget'],
  engineTrainsWeights: [`${checkpoint}\n${served}`, 'update.adapter'],
  engineHasAdapter: [`${served}\nupdate: {adapter: {alpha: 16}}`, 'update.adapter.alpha'],
  engineHasOptimizer: [`${served}\nupdate: {optimizer: sgd}`, 'update.optimizer'],
  engineHasTemperature: [`${served}\nrollout: {temperature: 0.7}`, 'rollout.temperature'],
  engineHasEntropy: [`${served}\nupdate: {entropyCoefficient: 0.1}`, 'update.entropyCoefficient'],
  engineHasScratchPolicy: [served, 'policy.from'],
  engineTeaches: [`${served}\nvalue: {ablation: predicted}`, 'value.ablation'],
  engineMemoryOptionsAct: [`${served}\nupdate: {tokenBudget: 4000}`, 'update.tokenBudget'],
  bestCheckpointCanBeTold: ['evaluation: {samples: 0}\ncheckpoint: {best: expected-h-acc}', 'checkpoint.best'],
  earlyStopCanCome: ['evaluation: {every: 40, earlyStop: {}}', 'evaluation.earlyStop.patience'],
  piecesHaveTheirPolicy: ['evaluation: {piece: 100, every: 10}', 'evaluation.piece'],
  stagesAreOfOneStep: ['durability: {separateStages: true}', 'durability.separateStages'],
  supervisedStatesAreKept: [
    'warmStart: {steps: 0}\ncheckpoint: {supervisedSeconds: 60}',
    'checkpoint.supervisedSeconds',
  ],
  trimmingFindsCheckpoints: ['checkpoint: {trimJournal: true, everySteps: 100}', 'checkpoint.trimJournal'],
  transferNamesOneSet: ['evaluation: {transfer: {far: {style: english}}}', 'evaluation.transfer.far'],
  transferIsNotCut: ['evaluation: {piece: 100, transfer: {far: {exam: long}}}', 'evaluation.piece'],
  transferHasBeforeAndAfter: ['steps: 0\nevaluation: {transfer: {far: {exam: long}}}', 'evaluation.transfer'],
}

function findings(name: string, content: string) {
  const keys = parse(`name: a\n${content}\n`) as Record<string, unknown>
  const given = (path: string) =>
    path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], keys) !==
    undefined
  const rule = rules[name]
  assert.ok(rule !== undefined, `there is no rule ${name}`)
  return rule({ config: experimentSchema.parse(keys), given, placebo: false })
}

for (const name of Object.keys(rules)) {
  test(`${name}: finds what breaks it, by its key, and nothing in the defaults`, () => {
    const [content, key] = found[name] ?? assert.fail('every rule has its test: add one to the table')
    assert.ok(
      findings(name, content).some(one => one.key === key),
      JSON.stringify(findings(name, content)),
    )
    assert.deepEqual(findings(name, ''), [])
  })
}

test('what compares numbers acts if the verifier, or one of a further test set, compares numbers', () => {
  const about = (content: string) => (findings('toleranceActs', content) ?? []).map(({ key }) => key)
  const keys = '{tolerance: 0.1, absoluteTolerance: 0.01, units: ignore'
  assert.deepEqual(about(`reward: ${keys}}`), ['reward.tolerance', 'reward.absoluteTolerance', 'reward.units'])
  assert.deepEqual(about(`reward: ${keys}, verifier: math}`), [])
  assert.deepEqual(
    about(`reward: ${keys}}\nevaluation: {transfer: {far: {file: package.json, verifier: numeric}}}`),
    [],
  )
})

test('a schedule of the divergence needs a divergence that acts, and a coefficient to begin with', () => {
  const about = (content: string) => findings('klScheduleActs', content).map(({ severity, key }) => [severity, key])
  assert.deepEqual(about('kl: {place: log, schedule: {}}'), [['warning', 'kl.schedule']])
  assert.deepEqual(about('kl: {place: reward, schedule: {}}'), [['refuse', 'kl.coefficient']])
  assert.deepEqual(about('kl: {place: reward, coefficient: 0.1, schedule: {end: 0.1}}'), [
    ['warning', 'kl.schedule.end'],
  ])
  assert.deepEqual(about('kl: {place: reward, coefficient: 0.1, schedule: {end: 0.2, steps: 9}}'), [])
})

test('what a server cannot do is refused by the key, with a reason and a remedy; what it can do is not', () => {
  const about = (content: string) =>
    Object.keys(rules)
      .filter(name => name.startsWith('engine'))
      .flatMap(name => findings(name, `${checkpoint}\n${served}\n${content}`))
  assert.deepEqual(about('update: {adapter: {rank: 8}, ppo: {epochs: 2}, importanceCap: 2}\nkl: {place: loss}'), [])
  assert.deepEqual(
    about('update: {adapter: {targets: [q_proj, v_proj]}, microBatch: 4}').map(({ key, found: what }) => [key, what]),
    [['update.adapter.targets', 'all but k_proj, o_proj, gate_proj, up_proj, down_proj']],
  )
  const [finding] = about('update: {adapter: {}, optimizer: sgd}')
  assert.equal(finding?.severity, 'refuse')
  assert.match(finding?.message ?? '', /AdamW only/)
  assert.match(finding?.remedy ?? '', /optimizer: adamw/)
})
