import ipaddr from 'ipaddr.js'
import type { Bucket } from './take-tokens.ts'
import type { BucketRule } from './token-leases.ts'

/**
 * How far a prefix reaches: `host` is an IPv4 address or an IPv6 /64, `network` an IPv4 /24 or an IPv6 /48, `provider` an
 * IPv6 /32. Providers assign a /64 to a /48 to one customer, and registries assign a /32 to one provider (RFC 6177).
 */
export type PrefixReach = 'host' | 'network' | 'provider'

export interface NetworkPrefix {
  reach: PrefixReach
  /** In CIDR notation; 'unknown' where there is no address. */
  prefix: string
}

/** A limit for each reach. What is allowed grows with the reach, far less than the number of addresses does. */
export type PrefixRules = Record<PrefixReach, BucketRule>

const bits = {
  ipv4: { host: 32, network: 24, provider: undefined },
  ipv6: { host: 64, network: 48, provider: 32 },
} as const

/** Parsing an address takes longer than what is done with its prefixes. */
const remembered = new Map<string | null, readonly NetworkPrefix[]>()
const mostRemembered = 10_000

/** Every network prefix that a request from an IP address is counted under, the narrowest first. */
export function networkPrefixes(ip: string | null): readonly NetworkPrefix[] {
  const known = remembered.get(ip)
  if (known) return known
  if (remembered.size >= mostRemembered) remembered.clear()
  const prefixes = readPrefixes(ip)
  remembered.set(ip, prefixes)
  return prefixes
}

function readPrefixes(ip: string | null): NetworkPrefix[] {
  if (!ip || !ipaddr.isValid(ip)) return [{ reach: 'host', prefix: 'unknown' }]
  const address = ipaddr.process(ip)
  return (['host', 'network', 'provider'] as const).flatMap((reach) => {
    const length = bits[address.kind()][reach]
    return length === undefined ? [] : [{ reach, prefix: toPrefix(address, length) }]
  })
}

/** The narrowest prefix: requests that share it count as the same client's. */
export function hostPrefix(ip: string | null): string {
  return networkPrefixes(ip)[0]?.prefix ?? 'unknown'
}

/** The widest prefix: all of it gets one turn where clients take turns. */
export function widestPrefix(ip: string | null): string {
  return networkPrefixes(ip).at(-1)?.prefix ?? 'unknown'
}

/** The buckets that a request from an address takes a token from, one for each prefix. */
export function prefixBuckets(name: string, ip: string | null, rules: PrefixRules): Bucket[] {
  return networkPrefixes(ip).map(({ reach, prefix }) => ({ subject: `${name}:${prefix}`, rule: rules[reach] }))
}

function toPrefix(address: ipaddr.IPv4 | ipaddr.IPv6, length: number): string {
  const bytes = address.toByteArray().map((byte, i) => (i < length / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`
}
