/**
 * Secrets come from the environment and stay there: which variables hold them, how a text is kept free of them on its way to a log, a
 * history or a page, and what a process is started with that needs none.
 */
import { withoutCredentials } from '../../pipelines/printable.js'

/** Names that say so: MLFLOW_TRACKING_TOKEN, TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_KEY_DATA, and whatever a judge's key is called. */
const secretName =
  /(?:^|_)(?:API_?KEY|KEY|TOKEN|PASSWORD|PASSPHRASE|SECRET|CREDENTIALS?)(?:_DATA)?$|^TEMPORAL_GRPC_META_/i

/** Characters. What is shorter stands in many words by chance, and guards nothing. */
const shortest = 6

const mark = '***'

/** The text without passwords in addresses and without any secret of the environment. */
export function masked(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  return secretsIn(environment).reduce((left, secret) => left.replaceAll(secret, mark), withoutCredentials(text))
}

/** The longest first: one may be a part of another. */
function secretsIn(environment: NodeJS.ProcessEnv): string[] {
  const named = Object.entries(environment).filter(([name]) => secretName.test(name))
  const values = [...named.map(([, value]) => value ?? ''), passwordIn(environment['MLFLOW_TRACKING_URI'])]
  // A key of several lines shows line by line.
  const lines = values.flatMap(value => value.split('\n')).map(line => line.trim())
  return [...new Set(lines)].filter(line => line.length >= shortest).sort((a, b) => b.length - a.length)
}

function passwordIn(address: string | undefined): string {
  if (address === undefined || !URL.canParse(address)) return ''
  return decodeURIComponent(new URL(address).password)
}

/** For a server of a home, which asks nobody for anything. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const open = ([name, value = '']: [string, string | undefined]) =>
    !secretName.test(name) && withoutCredentials(value) === value
  return Object.fromEntries(Object.entries(environment).filter(open))
}
