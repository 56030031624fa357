/** A path of ours to go on to, or undefined: never another site, whatever the spelling. */
export function ownPath(next: string | undefined): string | undefined {
  if (!next || !/^\/[\x21-\x7e]*$/.test(next) || next.includes('\\')) return undefined
  const url = URL.canParse(next, 'http://own.invalid') ? new URL(next, 'http://own.invalid') : undefined
  return url?.origin === 'http://own.invalid' ? url.pathname + url.search : undefined
}
