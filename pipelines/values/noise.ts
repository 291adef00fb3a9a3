/**
 * Replacements of the true values in an arm's reward: the paper's shuffled values (table 4) and weak labels (table 3), and noise
 * of a given level, which the paper does not have. Items keep their order. A value stays in (0, 1], and points change with it, so
 * a record still satisfies v = points / total. Shapes: n items.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { RlevError } from '../errors.js'
import { stream } from '../random.js'
import { mean } from '../statistics/estimate.js'
import type { ItemValue } from './value.js'

/** All ablations except predicted values, which need a policy (training/predict-values.ts). */
type ValueSettings = Pick<ExperimentConfig['value'], 'noise' | 'weakLabels'> & { ablation: Noise }
export type Noise = Exclude<ExperimentConfig['value']['ablation'], 'predicted'>

/** Values in the order of the items. Throws DataInvalid if an item's section has no weak label. */
export function seenValues(
  values: readonly ItemValue[],
  { ablation, noise, weakLabels }: ValueSettings,
  { seed }: { seed: number },
): ItemValue[] {
  const level = noise ?? 0
  switch (ablation) {
    case 'none':
      return [...values]
    case 'shuffled':
      return permuted(values, 1, seed)
    case 'permuted':
      return permuted(values, level, seed)
    case 'gaussian': {
      const deviation = level * deviationOf(values)
      const { normal } = stream(seed, 'gaussian noise of values')
      return values.map((item, index) => withValue(item, item.value + deviation * normal(index)))
    }
    case 'lognormal': {
      const { normal } = stream(seed, 'lognormal noise of values')
      return values.map((item, index) => withValue(item, item.value * Math.exp(level * normal(index))))
    }
    case 'rounded':
      return rounded(values, level)
    case 'weak':
      return values.map(item => withValue(item, weakLabel(item, weakLabels) / 100))
    default:
      return ablation satisfies never
  }
}

/** Permutes the values of a share of the items, drawn without replacement. An item may keep its value. */
function permuted(values: readonly ItemValue[], share: number, seed: number): ItemValue[] {
  const { permutation } = stream(seed, 'shuffled values')
  const positions =
    share === 1 ? [...values.keys()] : permutation(values.length, 1).slice(0, Math.round(share * values.length))
  const order = permutation(positions.length)
  const seen = [...values]
  for (const [index, position] of positions.entries()) {
    const from = values[positions[order[index] as number] as number] as ItemValue
    const { itemId, section } = values[position] as ItemValue
    seen[position] = { ...from, itemId, section }
  }
  return seen
}

/** The midpoints of equal bands between the smallest and the largest value. */
function rounded(values: readonly ItemValue[], grades: number): ItemValue[] {
  const all = values.map(({ value }) => value)
  const [least, largest] = [Math.min(...all), Math.max(...all)]
  const width = (largest - least) / grades
  if (width === 0) return [...values]
  return values.map(item => {
    // Rounding must not move a value on an edge (0.15 of 0.5 in tenths) to the bin below.
    const band = Math.min(grades - 1, Math.floor((item.value - least) / width + 1e-9))
    return withValue(item, least + (band + 0.5) * width)
  })
}

function weakLabel({ itemId, section }: ItemValue, labels: Readonly<Record<string, number>>): number {
  const label = labels[section]
  if (label !== undefined) return label
  throw new RlevError({
    kind: 'DataInvalid',
    message: 'an item has no weak label',
    place: `item ${itemId}`,
    expected: `a section that value.weakLabels names: ${Object.keys(labels).join(', ')}`,
    found: section,
    remedy: 'name every section of the training items under value.weakLabels, with its points per hundred',
  })
}

/** The smallest value that noise can produce: a value must be above 0. */
const floor = 1e-4

function withValue(item: ItemValue, value: number): ItemValue {
  const held = Math.min(1, Math.max(floor, value))
  return { ...item, value: held, points: held * item.total }
}

/** Divides by n: the items are the whole population. */
function deviationOf(items: readonly ItemValue[]): number {
  const values = items.map(({ value }) => value)
  const centre = mean(values)
  return Math.sqrt(mean(values.map(value => (value - centre) ** 2)))
}
