import type { Child } from 'hono/jsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

interface GuideLayoutProps {
  title: string
  frame: Frame
  current: string
  entries: { href: string; label: string }[]
  children?: Child
}

/** A page of the guide beside its table of contents, with the way to the next one. */
export function GuideLayout({ title, frame, current, entries, children }: GuideLayoutProps) {
  const here = entries.findIndex((entry) => entry.href === current)
  const previous = here > 0 ? entries[here - 1] : undefined
  const next = here >= 0 ? entries[here + 1] : undefined
  return (
    <PageLayout title={`${title} · Guide`} frame={frame}>
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
    </PageLayout>
  )
}
