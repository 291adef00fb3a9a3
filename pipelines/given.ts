/** Optional properties of an object: left out if their value is undefined, as `exactOptionalPropertyTypes` asks. */

type Given<Parts> = { [Key in keyof Parts]?: Exclude<Parts[Key], undefined> }

/** The properties whose value is not undefined: `{ step, ...given({ reward, weights }) }`. Null is a value and stays. */
export function given<Parts extends object>(parts: Parts): Given<Parts> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Given<Parts>
}
