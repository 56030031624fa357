/** Names and addresses that always mean this machine, as they stand in a URL's hostname. */
const loopbackHostname = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/
const loopbackAddress = /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$/

export function isLoopbackHostname(hostname: string): boolean {
  return loopbackHostname.test(hostname.toLowerCase())
}

/** Whether a `Host` header or the authority of a URL names this machine, with any port. */
export function isLoopbackHost(host: string): boolean {
  const [, hostname] = /^([^:[\]]+|\[[^[\]]+\])(?::\d{1,5})?$/.exec(host) ?? []
  return hostname !== undefined && isLoopbackHostname(hostname)
}

/** Whether the peer of a connection is on this machine. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && loopbackAddress.test(address)
}
