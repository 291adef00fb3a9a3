/**
 * Secrets come from the environment and stay there: which variables hold them, how they are removed from a text for a log, a history or a
 * page, and the environment of a process that needs none.
 */
import { withoutCredentials } from '../../pipelines/printable.js'

/** Names of variables with secrets: MLFLOW_TRACKING_TOKEN, TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_KEY_DATA, any name of a judge's key. */
const secretName =
  /(?:^|_)(?:API_?KEY|KEY|TOKEN|PASSWORD|PASSPHRASE|SECRET|CREDENTIALS?)(?:_DATA)?$|^TEMPORAL_GRPC_META_/i

/** In characters. A shorter value is part of many words by chance, and protects nothing. */
const shortest = 6

const mark = '***'

/** The text without passwords in addresses and without any secret of the environment. */
export function masked(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  return secretsIn(environment).reduce((left, secret) => left.replaceAll(secret, mark), withoutCredentials(text))
}

/** The longest first: one may be part of another. */
function secretsIn(environment: NodeJS.ProcessEnv): string[] {
  const named = Object.entries(environment).filter(([name]) => secretName.test(name))
  const values = [...named.map(([, value]) => value ?? ''), passwordIn(environment['MLFLOW_TRACKING_URI'])]
  // A key of several lines is shown line by line.
  const lines = values.flatMap(value => value.split('\n')).map(line => line.trim())
  return [...new Set(lines)].filter(line => line.length >= shortest).sort((a, b) => b.length - a.length)
}

function passwordIn(address: string | undefined): string {
  if (address === undefined || !URL.canParse(address)) return ''
  return decodeURIComponent(new URL(address).password)
}

/** For a server of a home, which needs no secret. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const open = ([name, value = '']: [string, string | undefined]) =>
    !secretName.test(name) && withoutCredentials(value) === value
  return Object.fromEntries(Object.entries(environment).filter(open))
}
