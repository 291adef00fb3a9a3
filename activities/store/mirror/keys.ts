/**
 * Keys of the store. No key is the beginning of another with a slash after it: some servers keep keys as paths, and refuse `c/d` beside
 * `c`. So what belongs to a run lies behind `@`, which no name of a run, an arm or a seed begins with.
 *
 *   home-id                                             the name of the home, which its machines share
 *   runs/NAME/@/plan.json                               a file of a plan that may change, as in its folder
 *   runs/NAME/ARM/seed-1/@/references/start.json        the same of an experiment
 *   runs/NAME/ARM/seed-1/@metrics/step-000020.json      an entry of a journal, or an evaluation: written once
 *   runs/NAME/ARM/seed-1/@checkpoints/step-000020       the manifest of a checkpoint
 *   runs/NAME/ARM/seed-1/@owner                         the attempt that has the fence
 *   stored/KIND/DIGEST                                  the manifest of a shared output
 *   blobs/ab/SHA256                                     the bytes of a file that a manifest names
 */

/** Folders of an experiment whose files are written once, in the order in which they are pushed: what is used comes before its use. */
export const entryKinds = ['rollouts', 'records', 'metrics', 'evaluations'] as const
export type EntryKind = (typeof entryKinds)[number]

export const homeIdKey = 'home-id'

const inRun = (id: string, rest: string): string => `${runsPrefix}${id}/@${rest}`

export const runsPrefix = 'runs/'

/** Everything of a run, its experiments included. */
export const runPrefix = (name: string): string => `${runsPrefix}${name}/`

/** `path`: in the folder of the plan or the experiment; empty for the prefix of all. */
export const changingKey = (id: string, path: string): string => inRun(id, `/${path}`)

/** `name`: of the file; empty for the prefix of all. */
export const entryKey = (id: string, kind: EntryKind, name: string): string => inRun(id, `${kind}/${name}`)

/** `name`: `step-000020`; empty for the prefix of all. */
export const checkpointKey = (id: string, name: string): string => inRun(id, `checkpoints/${name}`)

export const ownerKey = (id: string): string => inRun(id, 'owner')

export const storedPrefix = 'stored/'

/** Of the folder `store/KIND/DIGEST` of a home. */
export const storedKey = (kind: string, digest: string): string => `${storedPrefix}${kind}/${digest}`

export const blobsPrefix = 'blobs/'

export const blobKey = (sha256: string): string => `${blobsPrefix}${sha256.slice(0, 2)}/${sha256}`
