import ipaddr from 'ipaddr.js'

/** Who an address stands for: with IPv6 the whole /64, which is what one subscriber gets. */
export function subscriberLine(ip: string | null): string {
  const address = parse(ip)
  if (!address) return 'unknown'
  return address.kind() === 'ipv4' ? address.toString() : `${beginning(address, 4)}::/64`
}

/** With IPv6 the /48 around a line, which one site gets whole: 65,536 lines in one hand. Undefined with IPv4. */
export function subscriberSite(ip: string | null): string | undefined {
  const address = parse(ip)
  return address?.kind() === 'ipv6' ? `${beginning(address, 3)}::/48` : undefined
}

function parse(ip: string | null): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ip && ipaddr.isValid(ip) ? ipaddr.process(ip) : undefined
}

function beginning(address: ipaddr.IPv4 | ipaddr.IPv6, parts: number): string {
  return (address as ipaddr.IPv6).parts
    .slice(0, parts)
    .map((part) => part.toString(16))
    .join(':')
}
