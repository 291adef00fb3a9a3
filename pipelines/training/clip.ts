/** Clipping of gradients by their global norm. */

/** min(1, clipNorm / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it. */
export function clipFactor(norm: number, clipNorm: number | null): number {
  return clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6))
}
