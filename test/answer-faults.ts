interface Answer {
  status: number
  headers: Headers
}

const policies: Record<string, RegExp> = {
  'content-security-policy':
    /^default-src 'none'; script-src 'self'; (?=.*\bform-action 'self')(?=.*\bbase-uri 'none')(?=.*\bframe-ancestors 'none')(?!.*unsafe)/,
  'x-frame-options': /^DENY$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'referrer-policy': /^same-origin$/,
  'cache-control': /^no-store$/,
}

/** What no answer may lack or have, whichever address and whoever asks: framing, sniffing, caching, cookies, other sites. */
export function faultsOf({ status, headers }: Answer): string[] {
  const type = headers.get('content-type')
  const wanted: Record<string, RegExp> = type?.startsWith('text/html') ? policies : {}
  const lacking = Object.entries({ ...wanted, ...(type ? { 'x-content-type-options': /^nosniff$/ } : {}) })
    .filter(([name, pattern]) => !pattern.test(headers.get(name) ?? ''))
    .map(([name]) => `${name}: ${headers.get(name)}`)
  const telling = ['server', 'x-powered-by', 'access-control-allow-origin', 'x-injected'].filter((name) =>
    headers.has(name),
  )
  const [location, refused] = [headers.get('location'), status === 304 || (status >= 200 && status < 300)]
  const away = location !== null && (refused || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(location))
  return [
    ...lacking,
    ...telling,
    ...(away ? [`location: ${location}`] : []),
    ...headers.getSetCookie().flatMap((line) => cookieFaults(line)),
  ]
}

/** A cookie is for this host alone, unseen by scripts, and comes with no form of another site. */
export function cookieFaults(line: string): string[] {
  const [pair = '', ...rest] = line.split('; ')
  const attributes = rest.map((one) => one.toLowerCase())
  const isSecure = attributes.includes('secure')
  const name = new RegExp(`^${isSecure ? '__Host-' : ''}queueup\\.[a-z_]+=[\\x21-\\x2b\\x2d-\\x3a\\x3c-\\x7e]*$`)
  const asked = ['httponly', 'samesite=lax', 'path=/'].filter((one) => !attributes.includes(one))
  const days = Number(/max-age=(\d+)/.exec(attributes.join())?.[1] ?? Number.NaN) / 86_400
  return [
    ...asked.map((one) => `a cookie without ${one}`),
    ...(attributes.some((one) => one.startsWith('domain')) ? ['a cookie for other hosts'] : []),
    ...(name.test(pair) ? [] : ['a cookie of another name']),
    ...(days <= 400 ? [] : ['a cookie without an end']),
  ].map((fault) => `${fault}: ${line}`)
}

/** @throws Error when an answer has one of them. */
export function mustBeSound(answer: Answer, what: string): void {
  const faults = faultsOf(answer)
  if (faults.length > 0) throw new Error(`${what} was answered ${answer.status} with ${faults.join('; ')}`)
}
