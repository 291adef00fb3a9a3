/** Which plan a name stands for: what starts a workflow says it, and whatever reads the plan from the home checks it. */
import { digest } from './digest.js'
import type { Plan } from './schema.js'

/** Of what a plan asks for; warnings are about the program that read it. */
export function planDigest(plan: Plan): string {
  return digest({ ...plan, warnings: [] })
}
