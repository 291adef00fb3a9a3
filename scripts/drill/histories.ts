/** Histories of a run in MLflow as a set of points, and how two of them differ. Times differ by nature: `perf/*` is left out. */
import type { MlflowClient } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'

/** `KEY step STEP VALUE` of every point, sorted; into `faults` goes every history, `perf/*` too, that holds a step twice. */
export async function historiesOf({
  mlflow,
  run,
  name,
  faults,
}: {
  mlflow: MlflowClient
  run: Run
  /** What a fault calls the run. */
  name: string
  faults: string[]
}): Promise<string[]> {
  const points: string[] = []
  for (const { key } of run.data.metrics ?? []) {
    const history = await mlflow.getMetricHistory(run.info.run_id, key)
    const steps = history.map(({ step }) => step)
    if (new Set(steps).size !== steps.length) faults.push(`${name} has doubled points of ${key}: steps ${steps}`)
    if (!key.startsWith('perf/')) points.push(...history.map(({ step, value }) => `${key} step ${step} ${value}`))
  }
  return points.sort()
}

/** A sentence for points that were lost, and one for points that there should not be. */
export function differencesOfPoints(name: string, expected: Iterable<string>, found: Iterable<string>): string[] {
  const [wanted, there] = [new Set(expected), new Set(found)]
  const lost = [...wanted].filter(point => !there.has(point))
  const more = [...there].filter(point => !wanted.has(point))
  return [
    ...(lost.length > 0 ? [`${name} lacks ${lost.length} points, as ${lost[0]}`] : []),
    ...(more.length > 0 ? [`${name} has ${more.length} other points, as ${more[0]}`] : []),
  ]
}
