/**
 * How the server of the tests behaves. The first value of each list is the default, and what a run wants; the others are what servers
 * do that exist, and faults that a probe must find.
 */

import { defaultEngine } from '../../pipelines/model/policy.js'

/** Requests of tests differ in shape, and a recorded graph serves one shape. */
export const serverEngine = { ...defaultEngine, mode: 'eager' } as const

export interface ServerSettings {
  /** Keeps sessions, results, states and samplers over a restart. */
  folder: string
  /** Folder of the base model. */
  base: string
  /** 0 for any. */
  port: number
  /** Of the loss over the data of a step: Σ of the terms, or the mean over data of Σ term / Σ weights. */
  reduction: 'sum' | 'mean of means'
  /** Requests of forward_backward before one optim_step. */
  gradients: 'added' | 'last only'
  /** A request that comes twice with one seq_id. */
  resend: 'counted once' | 'counted again'
  /** Seed of sample i of a request. */
  seeds: 'seed + i' | 'seed' | 'ignored'
  stop: 'honoured' | 'ignored'
  /** What a state has besides the weights. */
  moments: 'restored' | 'lost'
  /**
   * Where a sampler is that was saved. `written over the model`, as SkyRL with JAX does it: it is when it is sampled, unless it was the last
   * one to be, and then the model as it is by now is sampled.
   */
  samplers: 'apart' | 'written over the model'
  /** Targets as given, or rebuilt from the inputs and the last target. */
  targets: 'free' | 'rebuilt'
  /** optim_step without a gradient. */
  emptyStep: 'applied' | 'left out'
  /** AdamW's numbers besides the rate, and clipping: those of the request, or the server's own. */
  adam: 'taken' | 'rate only'
  /** Of sampled tokens. */
  logProbs: 'untempered' | 'tempered'
  /** Answers to polls before the result is there. */
  polls: 'held' | 'try again' | 'request timeout'
  /** Whether q, k and v share an A, and gate and up: tied.ts. */
  adapters: 'separate' | 'shared'
  /** Of checkpoints. */
  deletion: 'offered' | 'none'
  /** Models at once. */
  maxModels: number
  /** A session that is silent for so long loses its models. */
  sessionTimeoutMs: number
  /** The process ends itself by SIGKILL at the n-th operation of that name (from 1). */
  kill: { operation: string; nth: number; at: 'before' | 'during' | 'after' } | null
  /** The connection of the n-th POST to that path is cut after the request was taken (from 1). */
  cut: { path: string; nth: number } | null
}

export const defaultSettings: Omit<ServerSettings, 'folder' | 'base'> = {
  port: 0,
  reduction: 'sum',
  gradients: 'added',
  resend: 'counted once',
  seeds: 'seed + i',
  stop: 'honoured',
  moments: 'restored',
  samplers: 'apart',
  targets: 'free',
  emptyStep: 'applied',
  adam: 'taken',
  logProbs: 'untempered',
  polls: 'held',
  adapters: 'separate',
  deletion: 'offered',
  maxModels: 4,
  sessionTimeoutMs: 300_000,
  kill: null,
  cut: null,
}

/** A refusal or failure, as servers answer it. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}
