import { readFileSync } from 'node:fs'
import MarkdownIt from 'markdown-it'

export interface GuidePage {
  slug: string
  title: string
  markdown: string
}

/** The pages of the guide, in the order they are read. */
const slugs = [
  'getting-started',
  'api-keys',
  'authentication',
  'subscribers',
  'rate-limits',
  'activity',
  'plans',
  'running',
]

const folder = new URL('../../../docs/guide/', import.meta.url)

/** Reads the guide. `{PUBLIC_URL}` in it becomes this server's own address. */
export function readGuide(publicUrl: string): GuidePage[] {
  return slugs.map((slug) => {
    const markdown = readFileSync(new URL(`${slug}.md`, folder), 'utf8').replaceAll('{PUBLIC_URL}', publicUrl)
    const title = /^# (.+)$/m.exec(markdown)?.[1]
    if (!title) throw new Error(`docs/guide/${slug}.md has no title`)
    return { slug, title, markdown }
  })
}

/** Markdown as HTML: no HTML of its own comes through, headings have addresses, and wide code can be reached by keyboard. */
export function renderMarkdown(markdown: string): string {
  const md = new MarkdownIt({ html: false, linkify: false })
  md.renderer.rules.heading_open = (tokens, i) => {
    const token = tokens[i]
    return `<${token?.tag} id="${headingId(tokens[i + 1]?.content ?? '')}">`
  }
  md.renderer.rules.fence = (tokens, i) => {
    const token = tokens[i]
    return `<pre class="code" tabindex="0" role="group" aria-label="Code">${md.utils.escapeHtml(token?.content ?? '')}</pre>`
  }
  md.renderer.rules.table_open = () => '<table tabindex="0">'
  return md.render(markdown)
}

/** A heading's address: its words in lower case, joined by hyphens. */
export function headingId(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
}
