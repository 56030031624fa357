import type { Child } from 'hono/jsx'
import { type Frame, PageLayout } from './page-layout.tsx'

interface MessagePageProps {
  title: string
  /** The title as it stands on the page, where that is more than text. */
  heading?: Child
  frame: Frame
  children?: Child
}

/** A page that says one thing: an error, or that something was done, and the way on. */
export function MessagePage({ title, heading, frame, children }: MessagePageProps) {
  return (
    <PageLayout title={title} frame={frame} narrow>
      <div class="stack">
        <h1>{heading ?? title}</h1>
        {children}
      </div>
    </PageLayout>
  )
}

/** What was done, on the page one was brought back to. */
export function Notice({ kind = 'good', children }: { kind?: 'good' | 'warn' | 'bad'; children?: Child }) {
  return (
    <div class={`banner ${kind}`} role="status">
      {children}
    </div>
  )
}
