/**
 * Whether a process that this one forked can still answer: it has not ended, and its channel is open. One that ends is told by its channel first
 * and by its exit a moment later.
 */
import type { ChildProcess } from 'node:child_process'

export const canAnswer = ({ connected, exitCode, signalCode }: ChildProcess): boolean =>
  connected && exitCode === null && signalCode === null
