/** Kinds of numbers that the sections share. */
import { z } from 'zod'

export const positive = z.number().positive()
export const share = z.number().min(0).max(1)
export const count = z.int().positive()
/** A count of things that are in memory at the same time. */
export const countUpTo = (max: number) => z.int().positive().max(max)
/** Seeds key the counter-based generator with 32 bits. */
export const seedNumber = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
