/** An address with what it asks for; what is empty asks for nothing. */
export function toAddress(base: string, query: Record<string, string | undefined>): string {
  const set = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]))
  return set.length === 0 ? base : `${base}?${new URLSearchParams(set)}`
}
