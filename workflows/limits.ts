/** What the timeouts of activities depend on: a config, or what is known in its place. */
export interface Limits {
  durability: {
    /** (s) */
    heartbeatTimeout: number
  }
}

/** Until the config is read. Its reading heartbeats every second. */
export const limitsAtFirst: Limits = { durability: { heartbeatTimeout: 30 } }
