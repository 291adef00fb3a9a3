import assert from 'node:assert/strict'
import { test } from 'node:test'
import { experiment, file, refusal, sweep } from './config-files.js'

const refused: readonly (readonly [string, string, RegExp])[] = [
  [
    'a further test set that names nothing',
    'evaluation: {transfer: {far: {style: english}}}',
    /^config\.yaml:2:30: evaluation\.transfer\.far must name one test set[\s\S]*neither/,
  ],
  [
    'a further test set that is not there',
    'evaluation: {transfer: {far: {file: nowhere.jsonl}}}',
    /^config\.yaml:2:37: the data file of evaluation\.transfer\.far\.file is missing[\s\S]*nowhere\.jsonl/,
  ],
  [
    'further test sets where nothing is trained',
    'steps: 0\nevaluation: {transfer: {far: {exam: long}}}',
    /evaluation\.transfer compares before and after training/,
  ],
  [
    'GRPO with a scale for each prompt',
    'estimator: {name: grpo}',
    /^config\.yaml:2:19: grpo cancels the scale human-aligned[\s\S]*expected: .*dr-grpo[\s\S]*to do: .*allowCancelled/,
  ],
  [
    'MaxRL with the multiplicative scale',
    'estimator: {name: maxrl}\nreward: {scale: multiplicative}',
    /^config\.yaml:2:19: maxrl cancels the scale multiplicative/,
  ],
  [
    'shuffled values under the scale of correctness',
    'value: {ablation: shuffled}\nreward: {scale: correctness}',
    /^config\.yaml:2:19: shuffled values have no effect/,
  ],
  [
    'noise of values without a level',
    'value: {ablation: gaussian}',
    /value\.ablation gaussian needs a level\n.*deviations of the true values\n.*found: +none/,
  ],
  [
    'a share that is no part',
    'value: {ablation: permuted, noise: 1}',
    /^config\.yaml:2:36: .*needs a level[\s\S]*below 1/,
  ],
  ['half a grade', 'value: {ablation: rounded, noise: 2.5}', /a whole number of grades, 2 or more/],
  [
    'shuffled values under the uniform scale',
    'value: {ablation: shuffled}\nreward: {scale: uniform}',
    /shuffled values have no effect/,
  ],
  [
    'key and value heads that do not divide the heads',
    'policy: {keyValueHeads: 3}',
    /^config\.yaml:2:25: policy\.keyValueHeads 3 does not divide/,
  ],
  [
    'a width that makes no even heads',
    'policy: {width: 60, heads: 4}',
    /^config\.yaml:2:28: policy\.width 60 does not make 4 heads/,
  ],
  [
    'a checkpoint that is not there',
    'policy: {path: absent}',
    /^config\.yaml:2:16: there is no checkpoint to start from/,
  ],
  [
    'one sample for an estimator that compares samples',
    'rollout: {samples: 1}',
    /^config\.yaml:2:20: rloo compares the samples/,
  ],
  [
    'choices in an exam without any',
    'reward: {verifier: choice}',
    /^config\.yaml:2:20: the synthetic exam has no choices/,
  ],
  [
    'an answer where no demonstration puts it',
    'reward: {answer: boxed}',
    /^config\.yaml:2:18: a policy made from scratch learns/,
  ],
  [
    'a warm start that draws no section',
    'warmStart: {sectionShares: [0, 0, 0, 0]}',
    /^config\.yaml:2:28: no section is drawn/,
  ],
  [
    'an adapter that names a projection twice',
    'update: {adapter: {targets: [q_proj, v_proj, q_proj]}}',
    /^config\.yaml:2:29: update\.adapter\.targets names q_proj twice/,
  ],
  [
    'an adapter wider than the policy',
    'policy: {width: 64}\nupdate: {adapter: {rank: 65}}',
    /^config\.yaml:3:26: update\.adapter\.rank 65 is above the width/,
  ],
  [
    'an adapter without any projection',
    'update: {adapter: {targets: []}}',
    /^config\.yaml:2:29: update\.adapter\.targets cannot be \[\][\s\S]*of at least 1/,
  ],
  [
    'a key that an adapter does not have',
    'update: {adapter: {rnak: 8}}',
    /^config\.yaml:2:20: unknown key update\.adapter\.rnak[\s\S]*did you mean rank/,
  ],
  [
    'a rank that is no number',
    'update: {adapter: {rank: all}}',
    /^config\.yaml:2:26: update\.adapter\.rank cannot be "all"/,
  ],
  [
    'a best checkpoint by sampled responses that are not drawn',
    'evaluation: {samples: 0}\ncheckpoint: {best: expected-h-acc}',
    /^config\.yaml:3:20: checkpoint\.best expected-h-acc needs sampled[\s\S]*to do: .*best: h-acc/,
  ],
  [
    'a metric that no evaluation has',
    'checkpoint: {best: loss}',
    /^config\.yaml:2:20: .*checkpoint\.best[\s\S]*expected-h-acc/,
  ],
  [
    'a verifier beside a judge that decides everything',
    'reward: {verifier: numeric}\njudge: {url: "http://127.0.0.1:1/v1", model: m}',
    /^config\.yaml:2:20: reward\.verifier has no effect: the judge decides everything/,
  ],
  [
    'a verifier beside a judge where nothing is trained',
    'steps: 0\nreward: {tolerance: 0.1}\njudge: {url: "http://127.0.0.1:1/v1", model: m, decides: evaluation}',
    /^config\.yaml:3:21: reward\.tolerance has no effect/,
  ],
  [
    'a wait before a second request that is never made',
    'judge: {url: "http://127.0.0.1:1/v1", model: m, attempts: 1, backoff: 2}',
    /^config\.yaml:2:71: judge\.backoff has no effect/,
  ],
  [
    'a divergence in the loss by k1, whose expected gradient is zero',
    'kl: {place: loss, estimator: k1, coefficient: 0.1}',
    /^config\.yaml:2:30: kl\.estimator k1 in the loss[\s\S]*expected: +k2 or k3[\s\S]*found: +k1/,
  ],
  [
    'training where every item is held out',
    'data: {train: config.yaml, testShare: 1}',
    /^config\.yaml:2:39: data\.testShare 1 leaves no training items, and steps 100 needs some/,
  ],
  [
    'a warm start where every item is held out',
    'steps: 0\ndata: {train: config.yaml, testShare: 1}',
    /^config\.yaml:3:39: data\.testShare 1 leaves no training items, and the warm start of a policy made from scratch needs some/,
  ],
  [
    'a score predictor where every item is held out',
    'steps: 0\nwarmStart: {steps: 0}\ndata: {train: config.yaml, testShare: 1}\nvalue: {ablation: predicted}',
    /^config\.yaml:4:39: data\.testShare 1 leaves no training items, and value\.ablation predicted needs some/,
  ],
  ['a judge without a model', 'judge: {url: "http://127.0.0.1:1/v1"}', /config\.yaml:2:\d+: .*judge\.model/],
  ['a judge with a login', 'judge: {url: "http://a:b@127.0.0.1/v1", model: m}', /judge\.url[\s\S]*RLEV_JUDGE_KEY/],
  [
    'tokens cut from the sampled distribution',
    'rollout: {topK: 1}',
    /unknown key rollout\.topK[\s\S]*whole distribution/,
  ],
  ['a key that a judge does not have', 'judge: {modle: m}', /unknown key judge\.modle[\s\S]*did you mean model/],
  ['a judge that is no address', 'judge: {url: "file:///v1", model: m}', /judge\.url/],
  [
    'a credit beyond the points, for one section',
    'reward: {wrongCredit: {several: -3}}',
    /reward\.wrongCredit\.several cannot be -3[\s\S]*a map of names, each with a number of at least -1 and at most 0/,
  ],
  ['an adapter that is a number', 'update: {adapter: 8}', /^config\.yaml:2:19: update\.adapter cannot be 8[\s\S]*rank/],
]

for (const [what, content, message] of refused) {
  test(`${what}: refused, with place, expectation and remedy`, () => {
    assert.match(refusal(`name: a\n${content}\n`), message)
  })
}

const allowed: readonly (readonly [string, string])[] = [
  ['GRPO under the scale of correctness', 'estimator: {name: grpo}\nreward: {scale: correctness}'],
  ['GRPO with the value at the advantage', 'estimator: {name: grpo}\nvalue: {site: advantage}'],
  ['GRPO with the divergence in the reward', 'estimator: {name: grpo}\nkl: {place: reward, coefficient: 0.1}'],
  ['GRPO that says it is cancelled', 'estimator: {name: grpo, allowCancelled: true}'],
  ['k1 in the reward', 'kl: {place: reward, estimator: k1, coefficient: 0.1}'],
  ['k2 in the loss', 'kl: {place: loss, estimator: k2, coefficient: 0.1}'],
  ['one sample with REINFORCE++', 'rollout: {samples: 1}\nestimator: {name: reinforce++}'],
  [
    'an adapter after a warm start',
    'update: {adapter: {rank: 8, targets: [q_proj, v_proj]}, gradientCheckpointing: true}',
  ],
  ['the best of many evaluated checkpoints', 'checkpoint: {best: h-acc, keep: 1, trimJournal: true}'],
  ['an adapter with its defaults', 'update: {adapter: {}}'],
  [
    'a judge of evaluations beside a verifier of training',
    'reward: {verifier: numeric}\njudge: {url: "https://judge.example/v1", model: m, decides: evaluation}',
  ],
]

for (const [what, content] of allowed) {
  test(`${what}: allowed without a warning`, () => {
    assert.deepEqual(experiment(file('allowed.yaml', `name: a\n${content}\n`)).warnings, [])
  })
}

const withoutEffect: readonly (readonly [string, string])[] = [
  ['value.noise', 'value: {ablation: shuffled, noise: 0.5}'],
  ['value.weakLabels', 'value: {weakLabels: {add1: 3}}'],
  ['reward.alpha', 'reward: {scale: correctness, alpha: 3}'],
  ['reward.cap', 'reward: {scale: multiplicative, cap: 3}'],
  ['value.site', 'reward: {scale: correctness}\nvalue: {site: loss}'],
  ['reward.tolerance', 'reward: {tolerance: 0.1}'],
  ['kl.coefficient', 'kl: {coefficient: 0.1}'],
  ['kl.place', 'kl: {place: loss}'],
  ['kl.estimator', 'kl: {place: none, estimator: k1}'],
  ['update.betas', 'update: {optimizer: sgd, betas: [0.9, 0.9]}'],
  ['estimator.epsilon', 'estimator: {name: rloo, epsilon: 0.1}'],
  ['estimator.allowCancelled', 'estimator: {allowCancelled: true}'],
  ['checkpoint.best', 'checkpoint: {best: acc, keep: 4}'],
  ['checkpoint.best', 'checkpoint: {best: acc, everySteps: 10, keep: 1}\nevaluation: {every: 33}'],
  ['checkpoint.trimJournal', 'checkpoint: {trimJournal: true, everySteps: 100}'],
  ['warmStart.batch', 'warmStart: {steps: 0, batch: 4}'],
]

for (const [key, content] of withoutEffect) {
  test(`${key} without effect is warned about`, () => {
    const { warnings } = experiment(file('effect.yaml', `name: a\n${content}\n`))
    assert.ok(
      warnings.some(sentence => /effect\.yaml:\d+:\d+: /.test(sentence) && sentence.includes(`${key} has no effect`)),
      warnings.join('\n'),
    )
  })
}

test('phases longer than the warm start and responses cut off are warned about', () => {
  const { warnings } = experiment(
    file('long.yaml', 'name: a\nwarmStart: {steps: 20, warmup: 40}\nrollout: {maxTokens: 6}\n'),
  )
  assert.match(warnings.join('\n'), /warmStart\.warmup 40 is longer[\s\S]*warmStart\.finalSteps 30 is longer/)
  assert.match(warnings.join('\n'), /rollout\.maxTokens 6 cuts off/)
})

test('in a sweep with GRPO the arm with values is refused, and the uniform arm unless it is declared a placebo', () => {
  const content = (placebo: string) =>
    `name: a\nestimator: {name: grpo}\nsweep:\n  baseline: plain\n  placebo: ${placebo}\n  seeds: [1, 2]\n  arms:\n    plain: {reward: {scale: correctness}}\n    flat: {reward: {scale: uniform}}\n`
  assert.match(refusal(content('[]')), /config\.yaml:2:19: grpo cancels the scale uniform/)
  assert.equal(sweep(file('placebo.yaml', content('[flat]'))).arms.length, 2)
  assert.match(
    refusal(`${content('[flat]')}    valued: {reward: {scale: human-aligned}}\n`),
    /grpo cancels the scale human-aligned/,
  )
})

test('a budget of tokens that one response may go above is warned about', () => {
  const { warnings } = experiment(file('budget.yaml', 'name: a\nupdate: {tokenBudget: 14}\n'))
  assert.match(warnings.join('\n'), /budget\.yaml:2:23: [\s\S]*goes above update\.tokenBudget alone/)
})
