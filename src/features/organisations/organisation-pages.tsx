import type { AppError } from '../../platform/errors.ts'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

interface NewOrganisationProps {
  frame: Frame
  nonce: string
  name?: string
  error?: AppError | undefined
}

export function NewOrganisationPage({ frame, nonce, name = '', error }: NewOrganisationProps) {
  return (
    <PageLayout title="New organisation" frame={frame} narrow>
      <form method="post" action="/organisations/new" class="stack">
        <h1>New organisation</h1>
        <input type="hidden" name="form_nonce" value={nonce} />
        <Field
          name="name"
          label="Name"
          value={name}
          required
          autofocus
          problems={error?.errors ?? []}
          hint="What your team or company is called."
        />
        <button type="submit" class="button">
          Create organisation
        </button>
      </form>
    </PageLayout>
  )
}

interface SettingsProps {
  frame: Frame
  name: string
  slug: string
  saved?: boolean
  error?: AppError | undefined
  deleting?: { error?: AppError | undefined; typed?: string } | undefined
}

/** The organisation's name, and the way to delete it. */
export function OrganisationSettingsPage({ frame, name, slug, saved, error, deleting }: SettingsProps) {
  const base = `/o/${slug}/settings`
  const dialog = deleting ? <DeleteDialog slug={slug} base={base} {...deleting} /> : undefined
  return (
    <PageLayout title="Organisation settings" frame={frame} current="settings" dialog={dialog}>
      <div class="page-head">
        <h1>Organisation settings</h1>
      </div>
      {saved ? <Notice>The name is saved.</Notice> : null}
      <div class="stack-large">
        <form method="post" action={base} class="card stack">
          <h2>Name</h2>
          <Field
            name="name"
            label="Name"
            value={name}
            required
            problems={error?.errors ?? []}
            hint={
              <>
                Addresses keep <code>{slug}</code>, so that links go on working.
              </>
            }
          />
          <div>
            <button type="submit" class="button">
              Save name
            </button>
          </div>
        </form>
        <section class="card stack">
          <h2>Delete this organisation</h2>
          <p>
            Its waitlists with everybody on them, its API keys, its members and its Activity log are deleted for good.
          </p>
          <div>
            <a class="button danger-quiet" id="delete-organisation" href={`${base}/delete`}>
              Delete organisation
            </a>
          </div>
        </section>
      </div>
    </PageLayout>
  )
}

function DeleteDialog(props: { slug: string; base: string; error?: AppError | undefined; typed?: string }) {
  const { slug, base, error, typed = '' } = props
  return (
    <Dialog id="delete" title="Delete this organisation?" closeHref={`${base}#delete-organisation`}>
      <p>Everything in it is deleted at once, and requests with its keys answer 401. It cannot be undone.</p>
      <form method="post" action={`${base}/delete`} class="stack">
        <Field
          name="slug"
          label={`Type ${slug} to go on`}
          value={typed}
          required
          autofocus
          autocomplete="off"
          problems={error?.errors ?? []}
        />
        <DialogActions closeHref={`${base}#delete-organisation`} verb="Delete organisation" danger />
      </form>
    </Dialog>
  )
}
