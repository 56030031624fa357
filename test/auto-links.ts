import MarkdownIt from 'markdown-it'

const { linkify } = new MarkdownIt({ linkify: true })
linkify.set({ fuzzyLink: true, fuzzyIP: true, fuzzyEmail: true })
linkify.tlds(['ltd', 'name', 'info', 'app', 'dev', 'zip', 'guru', 'london'], true)

/** What a mail program would make links of in a plain text, judged by a program that looks for links and is not ours. */
export function autoLinksIn(text: string): string[] {
  return (linkify.match(text) ?? []).map(({ raw }) => raw)
}
