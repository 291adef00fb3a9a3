/**
 * The MLflow server that MLFLOW_TRACKING_URI names. A user and password in it go to the server only: the address goes into tags, pages, logs
 * and services.json without them.
 */
import { RlevError } from '../../pipelines/errors.js'

export interface NamedServer {
  /** Without a slash at its end, and without a login. */
  address: string
  login?: { name: string; password: string }
}

/** Undefined if the environment names no server. Throws CallInvalid if it is not an HTTP address: rlev uses a server, not files. */
export function namedServer(environment: NodeJS.ProcessEnv = process.env): NamedServer | undefined {
  const stated = environment['MLFLOW_TRACKING_URI']
  if (stated === undefined || stated === '') return undefined
  if (!/^https?:\/\//.test(stated) || !URL.canParse(stated)) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'MLFLOW_TRACKING_URI does not name a server',
      place: 'MLFLOW_TRACKING_URI',
      expected: 'an address that begins with http:// or https://',
      found: stated,
      remedy: "set it to the address of an MLflow server, or unset it to use this home's",
    })
  }
  const { origin, pathname, username, password } = new URL(stated)
  const address = `${origin}${pathname}`.replace(/\/+$/, '')
  if (username === '' && password === '') return { address }
  return { address, login: { name: decodeURIComponent(username), password: decodeURIComponent(password) } }
}

/** Headers of a call. Name and password go before a token, and both before a login in the address, as in MLflow's own client. */
export function authentication(environment: NodeJS.ProcessEnv): Record<string, string> {
  const {
    MLFLOW_TRACKING_USERNAME: name,
    MLFLOW_TRACKING_PASSWORD: password,
    MLFLOW_TRACKING_TOKEN: token,
  } = environment
  if (name && password) return basic(name, password)
  if (token) return { authorization: `Bearer ${token}` }
  const login = namedServer(environment)?.login
  return login === undefined ? {} : basic(login.name, login.password)
}

function basic(name: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}
