import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { CopyField } from '../../platform/ui/copy-field.tsx'
import { Crumbs } from '../../platform/ui/crumbs.tsx'
import { Field, Problems, problemsOf } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { SaveBar } from '../../platform/ui/save-bar.tsx'
import { LimitNotice } from '../plans/limit-notice.tsx'
import type { SetupChange } from './find-setup-changes.ts'
import { Overtaken, Theirs } from './overtaken-setup.tsx'
import type { Waitlist } from './waitlist.ts'
import { type SetupField, setupFieldLabels, setupFields } from './waitlist-setup.ts'

/** The form as it was typed; `version` is the one it was begun from. */
export type SetupDraft = Record<SetupField, string> & { version?: string }

interface WaitlistSetupPageProps {
  frame: Frame
  base: string
  waitlist: Waitlist
  saved: boolean
  draft?: SetupDraft
  error?: AppError
  /** What others saved while the draft was written. */
  changes?: SetupChange[]
  dialog?: Child
  /** Why it cannot be restored now. */
  noRoom?: AppError
  /** For those who may change the plan. */
  planHref: string | undefined
}

const sections = [
  { id: 'general', title: 'General' },
  { id: 'referrals', title: 'Referrals' },
  { id: 'backend', title: 'Your backend' },
  { id: 'danger', title: 'Danger zone' },
] as const

type SectionId = (typeof sections)[number]['id']

/** What can be set on a waitlist, in one form, and the way to archive or restore it. */
export function WaitlistSetupPage(props: WaitlistSetupPageProps) {
  const { frame, base, waitlist, saved, error, changes, dialog, noRoom, planHref } = props
  const draft = props.draft && withTheirs(props.draft, changes ?? [])
  return (
    <PageLayout title={`Set up ${waitlist.name}`} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <Crumbs
            above={[
              ['Waitlists', `/o/${frame.organisation?.slug}/waitlists`],
              [waitlist.name, base],
            ]}
          />
          <h1>
            Set up <bdi>{waitlist.name}</bdi> {waitlist.archived_at ? <span class="badge">Archived</span> : null}
          </h1>
        </div>
      </div>
      {saved && !draft ? <Notice>Your changes are saved.</Notice> : null}
      {error && error.errors.length > 0 ? <Notice kind="bad">Nothing is saved yet: {error.message}</Notice> : null}
      {error && error.errors.length === 0 ? <Notice kind="warn">{error.message}</Notice> : null}
      <LimitNotice error={noRoom} planHref={planHref} />
      {changes ? <Overtaken changes={changes} /> : null}
      <div class="with-rail">
        <nav class="rail" aria-label="On this page">
          <ul>
            {sections.map(({ id, title }) => (
              <li>
                <a href={`#${id}`}>{title}</a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="stack-large">
          <form
            method="post"
            action={`${base}/setup`}
            class="stack-large"
            id="setup"
            data-draft={draft ? 'unsaved' : ''}
            data-changed={draft && draftedFields(draft, waitlist)}
          >
            <FormOwner frame={frame} />
            <input type="hidden" name="version" value={draft?.version ?? String(waitlist.version)} />
            <Settings waitlist={waitlist} draft={draft} error={error} changes={changes} />
          </form>
          <SaveBar form="setup" discardHref={`${base}/setup`} unsaved={draft && draftedFields(draft, waitlist)} />
          <Section id="backend">
            <p class="quiet">
              With an <a href={`/o/${frame.organisation?.slug}/api-keys`}>API key</a> your backend lists this waitlist
              and adds people to it. <a href="/docs/subscribers">How to call it</a>
            </p>
            <CopyField id="waitlist-id" label="Waitlist id" value={waitlist.id} />
          </Section>
          <Section id="danger">
            <Danger base={base} isArchived={waitlist.archived_at !== null} />
          </Section>
        </div>
      </div>
    </PageLayout>
  )
}

/** What the editor left as it was follows what others made of it; what they changed themselves stays theirs. */
function withTheirs(draft: SetupDraft, changes: SetupChange[]): SetupDraft {
  const followed = changes.filter((change) => !change.isContested)
  return { ...draft, ...Object.fromEntries(followed.map(({ field, now }) => [field, toFormValue(now)])) }
}

/** What saving would change, as the page names it. */
function draftedFields(draft: SetupDraft, waitlist: Waitlist): string {
  return setupFields
    .filter((field) => draft[field] !== toFormValue(waitlist[field]))
    .map((field) => setupFieldLabels[field])
    .join(', ')
}

function toFormValue(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'on' : '') : String(value)
}

function Settings(props: {
  waitlist: Waitlist
  draft: SetupDraft | undefined
  error: AppError | undefined
  changes: SetupChange[] | undefined
}) {
  const { waitlist, draft, changes } = props
  const problems = props.error?.errors ?? []
  const value = (field: SetupField) => draft?.[field] ?? toFormValue(waitlist[field])
  const theirs = (field: SetupField) => <Theirs change={changes?.find((change) => change.field === field)} />
  return (
    <>
      <Section id="general">
        <Field name="name" label="Name" value={value('name')} required problems={problems} />
        {theirs('name')}
        <div class="field">
          <label for="description">Description</label>
          <textarea
            dir="auto"
            class="input"
            id="description"
            name="description"
            rows={3}
            maxlength={1000}
            aria-describedby="description-problem"
          >
            {value('description')}
          </textarea>
          <Problems id="description-problem" problems={problemsOf(problems, 'description')} />
        </div>
        {theirs('description')}
      </Section>
      <Section id="referrals">
        <label class="check">
          <input
            type="checkbox"
            name="referrals_enabled"
            value="on"
            checked={value('referrals_enabled') === 'on'}
            data-called={setupFieldLabels.referrals_enabled}
          />
          <span>
            <strong>People move ahead when others join through them</strong>
            <span class="hint">While this is off, codes sleep and earn nothing; places already earned stay.</span>
          </span>
        </label>
        {theirs('referrals_enabled')}
        <Field
          name="skip_amount"
          label="Places ahead for each person"
          value={value('skip_amount')}
          problems={problems}
          hint="1 to 100. Places already given keep their amount."
        />
        {theirs('skip_amount')}
      </Section>
    </>
  )
}

function Section({ id, children }: { id: SectionId; children?: Child }) {
  return (
    <section class="card stack" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{sections.find((section) => section.id === id)?.title}</h2>
      {children}
    </section>
  )
}

function Danger({ base, isArchived }: { base: string; isArchived: boolean }) {
  if (isArchived) {
    return (
      <form method="post" action={`${base}/restore`} class="stack">
        <p>This waitlist is archived: it takes no signups, and its API answers 404. Everything is still here.</p>
        <div>
          <button type="submit" class="button plain">
            Restore waitlist
          </button>
        </div>
      </form>
    )
  }
  return (
    <>
      <p>An archived waitlist takes no signups, and its API answers 404. Nothing is deleted.</p>
      <div>
        <a class="button danger-quiet" id="archive-waitlist" href={`${base}/archive`}>
          Archive waitlist
        </a>
      </div>
    </>
  )
}
