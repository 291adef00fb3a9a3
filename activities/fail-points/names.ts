/**
 * Every fail point: the lines at which a drill may end a process, one before and one after everything that is written, sent or
 * committed. `worker` is the process that reaches it; `either` if that depends on the stage or on `durability.stepsPerActivity`.
 */

export interface FailPointFacts {
  /** `command`: not a worker but `rlev delete`, `gc`, `extend` or `clone` itself. */
  worker: 'policy' | 'orchestrator' | 'either' | 'command'
  /** What has happened, and what has not, when it is reached. */
  sentence: string
  /** Reached only by a home with an object store. */
  needsStore?: true
}

const policy = (sentence: string): FailPointFacts => ({ worker: 'policy', sentence })
const orchestrator = (sentence: string): FailPointFacts => ({ worker: 'orchestrator', sentence })
const either = (sentence: string): FailPointFacts => ({ worker: 'either', sentence })
const pushing = (sentence: string): FailPointFacts => ({ worker: 'either', sentence, needsStore: true })
const command = (sentence: string): FailPointFacts => ({ worker: 'command', sentence })

export const failPoints = {
  // --- Activities ---
  'activity.before': either('An attempt of an activity begins; nothing of it is done.'),
  'activity.after': either('Everything an activity does is done; Temporal has not been told.'),
  'warm-start.tick': policy('A step of the warm start is over; its weights are in memory only.'),
  'predictor.tick': policy(
    'A step of a score predictor, or a chunk of its predictions, is over; nothing of it is written.',
  ),
  'rollout.tick': policy('A chunk of a rollout is decoded; nothing of the step is journaled.'),
  'rollout.adapter': policy('The adapter of a step is stored for other workers; no piece of the rollout is given out.'),
  'update.tick': policy("A micro-batch's gradient is added; the optimizer has not stepped."),
  'evaluation.tick': policy('A chunk of an evaluation is decoded; nothing of it is written.'),

  // --- Files ---
  'fence.before': either("An attempt is about to take the experiment's fence."),
  'fence.after': either("An attempt has taken the experiment's fence and done nothing else."),
  'file.written': either('The bytes of a small file are in a temporary file, which does not have its name yet.'),
  'file.named': either('A small file has its name; its folder is not synced.'),
  'journal.rounds.before': policy('A round of dynamic sampling is sampled and marked, and not journaled.'),
  'journal.rounds.after': policy("A round of dynamic sampling is journaled; the step's responses are not."),
  'journal.rollout.before': policy("A step's responses are sampled and not journaled."),
  'journal.rollout.after': policy("A step's responses are journaled and not scored."),
  'journal.records.before': either("A step's records are made and not journaled."),
  'journal.records.after': either("A step's records are journaled; the policy has not been updated by them."),
  'journal.metrics.before': policy("The policy in memory is updated; the step's metrics are not journaled."),
  'journal.metrics.after': policy("A step's metrics are journaled; nothing of the step is synced."),
  'journal.sync.before': either('Files of the journal are written and not synced.'),
  'journal.sync.after': either('Files of the journal are synced; Temporal has not been told.'),

  // --- Folders with a manifest ---
  'checkpoint.before': policy('The temporary folder of a checkpoint is there and empty.'),
  'checkpoint.weights': policy("A checkpoint's weights are written, its optimizer's state is not."),
  'checkpoint.filled': policy("A checkpoint's files are written, its manifest is not."),
  'checkpoint.manifest': policy('A checkpoint has its manifest and still its temporary name.'),
  'checkpoint.renamed': policy('A checkpoint has its name; the folder around it is not synced.'),
  'checkpoint.after': policy('A checkpoint is whole and on the disk; old ones are still there.'),
  'retention.before': policy('An old checkpoint is about to be removed.'),
  'retention.aside': policy('An old checkpoint has lost its name and still takes room.'),
  'retention.after': policy('An old checkpoint has been removed.'),
  'trim.before': policy('The journal is about to be trimmed; nothing says so yet.'),
  'trim.noted': policy('A note says up to which step the journal is trimmed; its entries are still there.'),
  'trim.after': policy('Entries of the journal have been removed.'),
  'stage-output.before': either(
    'The temporary folder of a shared output (items, values, warm start, its evaluation) is empty.',
  ),
  'stage-output.filled': either("A shared output's files are written, its manifest is not."),
  'stage-output.manifest': either('A shared output has its manifest and still its temporary name.'),
  'stage-output.renamed': either('A shared output has its name; the folder around it is not synced.'),
  'stage-output.after': either('A shared output is whole and on the disk; Temporal has not been told.'),

  'outdated.aside': policy('A piece of a journaled rollout, or its adapter, has lost its name and still takes room.'),
  'outdated.after': policy('A piece of a journaled rollout, or its adapter, is removed; others may be left.'),

  // --- Other files of an experiment ---
  'plan.before': orchestrator('The plan of a run is about to be stored.'),
  'plan.after': orchestrator('The plan of a run is stored; its experiment has no config yet.'),
  'config.before': orchestrator('The resolved config of an experiment is about to be stored.'),
  'config.after': orchestrator('The resolved config of an experiment is stored.'),
  'values.before': orchestrator("The statistics of an experiment's values are about to be stored."),
  'values.after': orchestrator("The statistics of an experiment's values are stored."),
  'evaluation.before': policy('An evaluation is made; neither its items nor its figures are written.'),
  'evaluation.items': policy('The items of an evaluation are written, its figures are not.'),
  'evaluation.after': policy('An evaluation is written and not synced.'),
  'evaluation.synced': policy('An evaluation is on the disk; Temporal has not been told.'),
  'result.before': orchestrator('An experiment has ended; its result is not written.'),
  'result.after': orchestrator('The result of an experiment is on the disk; Temporal has not been told.'),
  'report.before': orchestrator('The comparison and the report are made and not written.'),
  'report.file': orchestrator('A file of the report is written; others, or the digests of all, are not.'),
  'report.after': orchestrator('The comparison and the report are written.'),

  // --- Commands that change what a home keeps ---
  'delete.noted': command('A note says that a run is being deleted; all of it is there.'),
  'delete.services': command('MLflow and Temporal have deleted what they had of a run; its files are there.'),
  'delete.aside': command('The folder of a deleted run has lost its name and still takes room.'),
  'delete.after': command('The files of a deleted run are removed.'),
  'extend.noted': command('A note says that a run is extended; its plan and configs have the old number of steps.'),
  'extend.configs': command('The configs of the experiments have the new number of steps; the plan has the old one.'),
  'extend.plan': command('The plan has the new number of steps; nothing works on them.'),
  'gc.aside': command('An output that nothing refers to has lost its name and still takes room.'),
  'gc.after': command('An output that nothing refers to is removed; others may be left.'),

  // --- The object store ---
  'push.file': pushing('A file of a run that may change is in the store; others may be here only.'),
  'push.entry': pushing('An entry of a journal is in the store; later ones may be here only.'),
  'push.blobs': pushing('The files of a folder are in the store; its manifest is not.'),
  'push.manifest': pushing('The manifest of a folder is in the store; Temporal has not been told.'),
  'push.part': pushing('A part of a large file is in the store; nothing refers to it.'),
  'push.parts': pushing('All parts of a large file are in the store, which does not have the file yet.'),

  // --- Requests to MLflow ---
  'mlflow.read.before': orchestrator('A search or a read is about to be sent to MLflow.'),
  'mlflow.read.after': orchestrator('MLflow has answered a search or a read.'),
  'mlflow.create.before': orchestrator('The creation of an MLflow experiment or run is about to be sent.'),
  'mlflow.create.after': orchestrator('MLflow has created an experiment or a run; its id is not known here yet.'),
  'mlflow.log.before': orchestrator('Points, params, tags or inputs are about to be sent to MLflow.'),
  'mlflow.log.after': orchestrator('MLflow has taken points, params, tags or inputs; the workflow does not know.'),
  'mlflow.update.before': orchestrator("A change of a run's status is about to be sent to MLflow."),
  'mlflow.update.after': orchestrator("MLflow has changed a run's status; the workflow does not know."),
  'mlflow.artifact.before': orchestrator('An artifact is about to be sent to MLflow.'),
  'mlflow.artifact.after': orchestrator('MLflow has taken an artifact; the workflow does not know.'),
} as const satisfies Record<string, FailPointFacts>

export type FailPointName = keyof typeof failPoints

export const failPointNames = Object.keys(failPoints) as FailPointName[]
