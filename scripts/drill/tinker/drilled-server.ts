/** The server that the drill disturbs: one that somebody has started, or the small one of the tests. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TinkerClient } from '../../../activities/tinker/client.js'
import { RlevError } from '../../../pipelines/errors.js'
import { startTinkerServer, tinyBase } from '../../../test/tinker-server/start.js'

/** As the options of the drill name it. */
export interface NamedServer {
  url: string
  /** As the server names it; null for its first. */
  baseModel: string | null
  /** Folder of the same model, for its tokenizer; null if the base model is named by its folder. */
  policy: string | null
  /** A shell command that ends the server by SIGKILL and starts it again; null if it must live. */
  restart: string | null
}

export interface DrilledServer {
  url: string
  baseModel: string
  policy: string
  /** Seconds that a run may take before its first step: for a probe, and a compilation of every shape. */
  begin: number
  /** Seconds that its recovery may take. */
  recovery: number
  /** Null if it may not be ended. */
  restart: (() => Promise<void>) | null
  end: () => Promise<void>
}

export async function smallServer(): Promise<DrilledServer> {
  // What is sent twice counts twice, older samplers are written over the model, and there is room for two models.
  const server = await startTinkerServer({
    ...{ supervised: true, resend: 'counted again', samplers: 'written over the model', maxModels: 2 },
  })
  return {
    url: server.url,
    baseModel: tinyBase,
    policy: resolve(tinyBase),
    begin: 300,
    recovery: 20,
    restart: () => server.kill(),
    end: () => server.end(),
  }
}

export async function namedServer({ url, baseModel: named, policy, restart }: NamedServer): Promise<DrilledServer> {
  const baseModel = named ?? (await new TinkerClient({ url }).baseModels())[0]
  const folder = policy ?? baseModel
  if (baseModel === undefined || folder === undefined || !existsSync(join(folder, 'tokenizer.json'))) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the drill has no tokenizer for the base model of the server',
      place: '--policy',
      expected: 'a folder of the same model',
      found: folder ?? 'no base model',
      remedy: 'name the folder with --policy FOLDER',
    })
  }
  return {
    ...{ url, baseModel, policy: resolve(folder), begin: 1800, recovery: 600 },
    restart: restart === null ? null : () => shell(restart),
    end: async () => {},
  }
}

/** What it starts lives on. */
async function shell(command: string): Promise<void> {
  const child = spawn('bash', ['-c', command], { stdio: 'ignore', detached: true })
  await new Promise<void>((settle, fail) => {
    child.once('error', fail)
    child.once('exit', status => (status === 0 ? settle() : fail(new Error(`--restart ended with ${status}`))))
  })
}
