import { readFileSync } from 'node:fs'
import MarkdownIt from 'markdown-it'
import { packageRoot } from '../../platform/files/package-root.ts'

interface GuidePage {
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
  'people',
  'plans',
  'running',
  'limits',
  'how-fast',
  'promises',
]

const folder = new URL('docs/guide/', packageRoot)

/** Reads the guide. `{PUBLIC_URL}` in it becomes this server's own address. */
export function readGuide(publicUrl: string): GuidePage[] {
  return slugs.map((slug) => {
    const markdown = readFileSync(new URL(`${slug}.md`, folder), 'utf8').replaceAll('{PUBLIC_URL}', publicUrl)
    const title = /^# (.+)$/m.exec(markdown)?.[1]
    if (!title) throw new Error(`docs/guide/${slug}.md has no title`)
    return { slug, title, markdown }
  })
}

// Quotation marks and apostrophes as in the rest of the product; nothing else is replaced.
const md = new MarkdownIt({ html: false, linkify: false, typographer: true })
md.core.ruler.disable('replacements')
md.renderer.rules.heading_open = (tokens, i) => {
  const token = tokens[i]
  return `<${token?.tag} id="${headingId(tokens[i + 1]?.content ?? '')}">`
}
// A table that is wider than a phone scrolls by itself, and so must be reachable by keyboard.
md.renderer.rules.table_open = () => '<table tabindex="0">'
// On a phone a cell is read after its column's name. Columns of figures are aligned by a class: the policy allows no styles.
md.core.ruler.push('labelled_cells', ({ tokens }) => {
  let labels: string[] = []
  let column = 0
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'thead_open') labels = []
    if (token.type === 'th_open') labels.push(tokens[i + 1]?.content ?? '')
    if (token.type === 'tr_open') column = 0
    if (token.type === 'td_open') token.attrSet('data-label', labels[column++] ?? '')
    if (token.attrGet('style') === 'text-align:right') {
      token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style')
      token.attrSet('class', 'right')
    }
  }
})
md.renderer.rules.fence = (tokens, i, _options, env) => {
  const number = Number(env?.codes ?? 0) + 1
  if (env) env.codes = number
  const { expected, code } = readExample(tokens[i]?.content ?? '')
  const id = `${env?.prefix ?? 'code'}-${number}`
  const title = expected ? `Answers ${expected}` : languageNames[tokens[i]?.info ?? ''] || 'Text'
  return `<div class="code-block"><div class="code-head"><span>${title}</span><button type="button" class="button plain small" data-copy="${id}" hidden aria-live="polite">Copy</button></div><pre class="code" id="${id}" tabindex="0" role="group" aria-label="Code">${md.utils.escapeHtml(code)}</pre></div>`
}

const languageNames: Record<string, string> = { sh: 'Shell', json: 'JSON' }

/** An example of the guide: a request may be headed by the status that it answers, as `# 201`. */
export function readExample(fence: string): { expected: number | undefined; code: string } {
  const match = /^# (\d{3})\n/.exec(fence)
  return match
    ? { expected: Number(match[1]), code: fence.slice(match[0].length).trimEnd() }
    : { expected: undefined, code: fence.trimEnd() }
}

/** Markdown as HTML: no HTML of its own comes through, headings have addresses, and code can be copied. Code on one page needs ids of its own. */
export function renderMarkdown(markdown: string, codeIdPrefix = 'code'): string {
  return md.render(markdown, { prefix: codeIdPrefix })
}

/** A line of Markdown as HTML, without a paragraph around it. */
export function renderInline(markdown: string): string {
  return md.renderInline(markdown)
}

/** A heading's address: its words in lower case, joined by hyphens. */
export function headingId(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
}
