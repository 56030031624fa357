import type { Child } from 'hono/jsx'

interface GuideArticleProps {
  current: string
  entries: { href: string; label: string }[]
  children?: Child
}

/** A page of the guide beside its table of contents, with links to the previous and next page. The same for every reader. */
export function GuideArticle({ current, entries, children }: GuideArticleProps) {
  const here = entries.findIndex((entry) => entry.href === current)
  const previous = here > 0 ? entries[here - 1] : undefined
  const next = here >= 0 ? entries[here + 1] : undefined
  return (
    <div class="guide">
      <button type="button" class="button plain nav-button" popovertarget="contents">
        Contents
      </button>
      <nav class="folds" id="contents" popover="auto" aria-label="Guide">
        <ul>
          {entries.map((entry) => (
            <li>
              <a href={entry.href} aria-current={entry.href === current ? 'page' : undefined}>
                {entry.label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <article class="prose">
        {children}
        <div class="pages">
          <span>{previous ? <a href={previous.href}>← {previous.label}</a> : null}</span>
          <span>{next ? <a href={next.href}>{next.label} →</a> : null}</span>
        </div>
      </article>
    </div>
  )
}
