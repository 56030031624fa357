import type { Child } from 'hono/jsx'
import { type AssetUrls, Document, Wordmark } from './document.tsx'

export interface NavEntry {
  id: string
  label: string
  href: string
}

/** Something that whoever is signed in must not miss, above the page. */
export interface FrameBanner {
  content: Child
  /** Ids of the nav entries whose pages say it themselves. */
  notOn: string[]
}

/** What surrounds a page: who is signed in, where, and where they may go. The features fill it in. */
export interface Frame {
  assets: AssetUrls
  /** `formOwner` names them in the forms of their pages. */
  person: { name: string; email: string; formOwner?: string } | undefined
  organisation: { slug: string; name: string } | undefined
  organisations: { slug: string; name: string; deleted_at?: Date | null }[]
  /** They have others too, on a page of their own. */
  areMoreOrganisations?: boolean
  nav: NavEntry[]
  /** For who may change the organisation itself. */
  settingsHref?: string
  banner?: FrameBanner
}

interface PageProps {
  title: string
  frame: Frame
  /** The id of the nav entry that this page belongs to. */
  current?: string
  narrow?: boolean
  /** Dialogs that belong to the page; outside of main, so that nothing clips them. */
  dialog?: Child
  children?: Child
}

/** A page, with the nav of whoever is signed in. */
export function PageLayout({ title, frame, current, narrow, dialog, children }: PageProps) {
  const { person, organisation } = frame
  return (
    <Document
      title={organisation ? `${title} · ${organisation.name}` : title}
      assets={frame.assets}
      noIndex={person !== undefined}
    >
      <header class="top">
        <div class={organisation ? 'top-inner has-organisation' : 'top-inner'}>
          <Wordmark href="/" />
          {organisation ? <OrganisationMenu frame={frame} /> : null}
          {frame.nav.length > 0 ? <Nav entries={frame.nav} current={current} /> : null}
          <div class="top-end">
            {person ? <AccountMenu person={person} /> : <SignedOutLinks />}
            {frame.nav.length > 0 ? (
              <button type="button" class="button plain small nav-button" popovertarget="nav">
                Menu
              </button>
            ) : null}
          </div>
        </div>
      </header>
      <main id="content" class={narrow ? 'narrow' : undefined}>
        {frame.banner?.notOn.includes(current ?? '') ? null : frame.banner?.content}
        {children}
      </main>
      {dialog}
      <footer class="foot">
        <div class="foot-inner">
          <a href="/docs">Guide</a>
          <a href="/docs/api">API reference</a>
        </div>
      </footer>
    </Document>
  )
}

function Nav({ entries, current }: { entries: NavEntry[]; current: string | undefined }) {
  return (
    <nav class="nav folds" id="nav" popover="auto" aria-label="Main">
      <ul>
        {entries.map((entry) => (
          <li>
            <a href={entry.href} aria-current={entry.id === current ? 'page' : undefined}>
              {entry.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function OrganisationMenu({ frame }: { frame: Frame }) {
  return (
    <details class="menu from-left">
      <summary aria-label={`Organisation ${frame.organisation?.name ?? ''}, switch`}>
        <bdi class="menu-label">{frame.organisation?.name}</bdi>
      </summary>
      <div class="menu-panel">
        <ul>
          {frame.organisations.map(({ slug, name, deleted_at }) => (
            <li>
              <a href={`/o/${slug}/waitlists`} aria-current={slug === frame.organisation?.slug ? 'true' : undefined}>
                <bdi>{name}</bdi> {deleted_at ? <span class="quiet">(deleted)</span> : null}
              </a>
            </li>
          ))}
        </ul>
        {frame.areMoreOrganisations ? <a href="/organisations">All your organisations</a> : null}
        <hr />
        {frame.settingsHref ? <a href={frame.settingsHref}>Organisation settings</a> : null}
        <a href="/organisations/new">New organisation</a>
      </div>
    </details>
  )
}

function AccountMenu({ person }: { person: { name: string; email: string } }) {
  return (
    <details class="menu account">
      <summary>
        <span class="visually-hidden">Account</span>
        <span class="avatar" aria-hidden="true">
          {[...person.name][0]?.toUpperCase()}
        </span>
        <bdi class="menu-label">{person.name}</bdi>
      </summary>
      <div class="menu-panel">
        <p class="small quiet">{person.email}</p>
        <a href="/account">Account</a>
        <hr />
        <form method="post" action="/sign-out">
          <button type="submit">Sign out</button>
        </form>
      </div>
    </details>
  )
}

function SignedOutLinks() {
  return (
    <div class="links">
      <a href="/docs">Guide</a>
      <a href="/sign-in">Sign in</a>
    </div>
  )
}
