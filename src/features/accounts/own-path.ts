const own = 'http://own.invalid'

/** A path of ours to go on to, or undefined: never another site, whatever the spelling. */
export function ownPath(next: string | undefined): string | undefined {
  if (!next || !/^\/[\x21-\x7e]*$/.test(next) || next.includes('\\')) return undefined
  const url = URL.canParse(next, own) ? new URL(next, own) : undefined
  if (url?.origin !== own) return undefined
  const path = url.pathname + url.search
  // Without its dots, /.//example.com is the address of another site.
  return path.startsWith('//') ? undefined : path
}
