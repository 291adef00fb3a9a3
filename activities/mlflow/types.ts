/** The parts of MLflow's REST objects that are used here; names as in its API. */

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'

export interface Metric {
  key: string
  value: number
  /** ms since 1970; the same at every sending, or the point is drawn twice. */
  timestamp: number
  /** Integer. */
  step: number
}

export interface Param {
  key: string
  value: string
}

export interface Tag {
  key: string
  value: string
}

export interface RunInfo {
  run_id: string
  experiment_id: string
  run_name?: string
  status: RunStatus
  start_time: number
  end_time?: number
  artifact_uri: string
  lifecycle_stage: 'active' | 'deleted'
}

export interface Run {
  info: RunInfo
  data: { metrics?: Metric[]; params?: Param[]; tags?: Tag[] }
  inputs?: { dataset_inputs?: DatasetInput[] }
}

export interface Experiment {
  experiment_id: string
  name: string
  lifecycle_stage: 'active' | 'deleted'
  tags?: Tag[]
}

export interface DatasetInput {
  dataset: { name: string; digest: string; source_type: string; source: string; schema?: string; profile?: string }
  tags?: Tag[]
}
