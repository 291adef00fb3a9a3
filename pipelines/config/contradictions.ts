/** Configs whose keys are each valid but contradict each other: refused if the run would not do what the config says; a warning if a key has no effect. */
import { dataRules, policyRules } from './contradictions/data.js'
import { engineRules } from './contradictions/engine.js'
import type { Finding, Rules, Subject } from './contradictions/finding.js'
import { judgeRules } from './contradictions/judge.js'
import { keepingRules } from './contradictions/keeping.js'
import { memoryRules } from './contradictions/memory.js'
import { overlongRules } from './contradictions/overlong.js'
import { rolloutRules } from './contradictions/rollout.js'
import { scheduleRules } from './contradictions/schedules.js'
import { stepRules, warmStartRules } from './contradictions/training.js'
import { transferRules } from './contradictions/transfer.js'
import { updateOptionRules } from './contradictions/update-options.js'
import { valueRules } from './contradictions/values.js'
import { verifierRules } from './contradictions/verifier.js'

/** Every rule by its name, in the order in which they are asked. */
export const rules: Rules = {
  ...dataRules,
  ...policyRules,
  ...valueRules,
  ...judgeRules,
  ...verifierRules,
  ...warmStartRules,
  ...rolloutRules,
  ...overlongRules,
  ...stepRules,
  ...scheduleRules,
  ...updateOptionRules,
  ...memoryRules,
  ...engineRules,
  ...keepingRules,
  ...transferRules,
}

/** The findings of all rules on one experiment. Checks that the files it names exist. */
export function contradictions(subject: Subject): Finding[] {
  return Object.values(rules).flatMap(rule => rule(subject))
}
