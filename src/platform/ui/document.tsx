import type { Child } from 'hono/jsx'

export interface AssetUrls {
  css: string
  js: string
  icon: string
}

/** The shell of every page. `title` without the product's name. */
export function Document(props: { title: string; assets: AssetUrls; noIndex?: boolean; children?: Child }) {
  const { title, assets, noIndex, children } = props
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · QueueUp`}</title>
        {noIndex ? <meta name="robots" content="noindex" /> : null}
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href={assets.icon} type="image/svg+xml" />
        <link rel="stylesheet" href={assets.css} />
        <script type="module" src={assets.js} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        {children}
      </body>
    </html>
  )
}

/** The sign and the name. */
export function Wordmark({ href }: { href: string }) {
  return (
    <a class="wordmark" href={href} aria-label="QueueUp">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#4338ca" />
        <circle cx="9" cy="16" r="3.2" fill="#fff" />
        <circle cx="17" cy="16" r="2.4" fill="#fff" opacity=".75" />
        <circle cx="23.6" cy="16" r="1.8" fill="#fff" opacity=".5" />
      </svg>
      <span>QueueUp</span>
    </a>
  )
}
