import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import ipaddr from 'ipaddr.js'

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Makes the function that tells who sent a request: the peer, or, behind proxies that are trusted (CIDRs), the rightmost
 * address of `X-Forwarded-For` that none of them has. IPv4 in IPv6 clothing answers as IPv4.
 */
export function makeClientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string | null {
  const isTrusted = makeIsTrusted(trustedProxies)
  // Many requests come by one connection, whose peer stays who it is.
  const peers = new WeakMap<Socket, string | null>()
  const peerOf = ({ socket }: IncomingMessage) => {
    const known = peers.get(socket)
    if (known !== undefined) return known
    const peer = normal(socket.remoteAddress)
    peers.set(socket, peer)
    return peer
  }
  return (request) => {
    const peer = peerOf(request)
    if (!peer || trustedProxies.length === 0 || !isTrusted(peer)) return peer
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
    let nearest = peer
    for (const part of forwarded.reverse()) {
      const address = normal(part.trim())
      if (!address) return nearest
      nearest = address
      if (!isTrusted(address)) return address
    }
    return nearest
  }
}

/** Wider than any proxy's range that is published: Cloudflare's largest are /12 and /29. */
const leastBits = { ipv4: 12, ipv6: 24 }
const privateRanges = ['10.0.0.0/8', 'fc00::/7', 'fe80::/10'].map(toRange)

/** Those of `TRUSTED_PROXIES` that most likely hold more than proxies. Private networks may be given whole. */
export function widestRanges(trustedProxies: readonly string[]): string[] {
  return trustedProxies.filter((text) => {
    const [base, bits] = toRange(text)
    const isPrivate = privateRanges.some(
      ([network, size]) => network.kind() === base.kind() && bits >= size && base.match(network, size),
    )
    return !isPrivate && bits < leastBits[base.kind()]
  })
}

/** Makes the function that tells whether an address is that of a trusted proxy. */
export function makeIsTrusted(trustedProxies: readonly string[]): (address: string) => boolean {
  const ranges = trustedProxies.map(toRange)
  return (address) => {
    const parsed = ipaddr.process(address)
    return ranges.some(([base, bits]) => parsed.kind() === base.kind() && parsed.match(base, bits))
  }
}

function normal(address: string | undefined): string | null {
  return address && ipaddr.isValid(address) ? ipaddr.process(address).toString() : null
}

function toRange(text: string): Range {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text) as Range
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
