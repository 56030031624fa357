/** The links of the pages of a list, by their words: where they lead. */
export function waysOn(html: string, label = 'Pages'): Record<string, string> {
  const nav = html.slice(html.indexOf(`aria-label="${label}"`)).split('</nav>')[0] ?? ''
  const links = [...nav.matchAll(/<a href="([^"]+)"[^>]*>\s*(\w+)\s*</g)]
  return Object.fromEntries(links.map(([, href = '', words = '']) => [words, href.replaceAll('&amp;', '&')]))
}
