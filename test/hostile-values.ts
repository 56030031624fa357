import type { RawAnswer } from './raw-call.ts'

export const evil = 'evil.example'
/** Where the product is, as it knows. */
export const site = 'https://queueup.example'
/** Where an attacker wants somebody to be led. */
export const elsewhere = [
  `https://${evil}/`,
  `//${evil}/`,
  `/\\${evil}/`,
  `\\\\${evil}/`,
  `/.//${evil}/`,
  `/%2e//${evil}/`,
  `/o/..//${evil}/`,
  `https:${evil}`,
  `%2f%2f${evil}`,
  `/%09/${evil}`,
  `/\t/${evil}`,
  `/\n/${evil}`,
  ` //${evil}`,
  `http://queueup.example@${evil}/`,
  `${site}.${evil}/`,
  `javascript:fetch('//${evil}')`,
  `data:text/html,<a href=//${evil}>`,
]
/** Where such an address is put. */
export const parameters = [
  'next',
  'return',
  'return_to',
  'redirect',
  'redirect_uri',
  'url',
  'to',
  'back',
  'continue',
  'left',
  'done',
  'saved',
  ...['q', 'sort', 'page', 'email', 'action', 'actor', 'target', 'from', 'until', 'changed', 'paid', 'revoked', 'with'],
]
/** What would become a header of its own, or an element. */
export const broken = [
  `"'><b data-trap onfocus=trap() autofocus>`,
  '</textarea></title><b data-trap>',
  '\r\nX-Injected: yes\r\n\r\n<b>',
  '\nSet-Cookie: queueup.session_token=planted',
  '\u560d\u560aX-Injected: yes',
]
/** What a proxy would say of where a request was sent, and anybody can. */
export const forged: [string, string][] = [
  ['X-Forwarded-Host', evil],
  ['X-Forwarded-Server', evil],
  ['X-Host', evil],
  ['X-Forwarded-Proto', 'gopher'],
  ['X-Forwarded-Prefix', `//${evil}`],
  ['X-Original-URL', `//${evil}/`],
  ['X-Rewrite-URL', `//${evil}/`],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['Forwarded', `for=192.0.2.1;host=${evil};proto=https`],
  ['Via', `1.1 ${evil}`],
]

/** Where an answer leads, by itself or by a click, and what it holds that was to become an element. */
export function leadsAway({ headers, text }: RawAnswer): string[] {
  const links = [...text.matchAll(/\s(?:href|action|src|formaction)="([^"]*)"/g)].map(([, to = '']) => to)
  const all = [headers.get('location') ?? '', headers.get('refresh') ?? '', ...links]
  const markup = text.includes('<b data-trap') ? ['markup'] : []
  return markup.concat(
    all.filter(
      (to) => new URL(to.replaceAll('&amp;', '&'), site).hostname.includes(evil) || /^(javascript|data):/i.test(to),
    ),
  )
}
