/**
 * The MLflow server that MLFLOW_TRACKING_URI names. A user and password in it are for the server alone: the address is what everything
 * else sees, for it goes into tags, pages, logs and services.json.
 */
import { RlevError } from '../../pipelines/errors.js'

export interface NamedServer {
  /** Without a slash at its end, and without a login. */
  address: string
  login?: { name: string; password: string }
}

/** Undefined where the environment names none. Throws CallInvalid for what is no HTTP address: rlev speaks to a server, not to files. */
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
      remedy: 'give the address of an MLflow server, or unset it for a server of this home',
    })
  }
  const { origin, pathname, username, password } = new URL(stated)
  const address = `${origin}${pathname}`.replace(/\/+$/, '')
  if (username === '' && password === '') return { address }
  return { address, login: { name: decodeURIComponent(username), password: decodeURIComponent(password) } }
}

/** Headers for a call. Name and password before token, and both before what the address holds, as MLflow's own client has it. */
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
