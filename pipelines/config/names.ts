/** What a run or an arm can be called: the name becomes a folder, a workflow id and a part of addresses. */

/** No path, no hidden file, nothing that a shell, an address or a terminal reads as its own. */
export const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const nameWords = 'letters, digits, dot, dash and underscore, at most 64, a letter or digit first'

/** Id of the workflow of a run or an experiment: a Temporal server may serve several homes, each with a run of this name. */
export function workflowIdOf(id: string, home: string): string {
  return `${id}@${home}`
}

/** Beside the folders of its arms a sweep's folder holds these (activities/store/runs/run-folder.ts). */
export const takenNames: readonly string[] = [
  'plan.json',
  'plan.json.sha256',
  'provenance.json',
  'origin.json',
  'trained-elsewhere.json',
  'deleting.json',
  'report',
]
