import type { AppError } from '../../platform/errors.ts'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { daysToRestore } from './delete-organisation.ts'

/** What was typed into one form of the page, and what is wrong with it. */
export interface TypedSetting {
  typed: string
  error?: AppError
}

interface SettingsProps {
  frame: Frame
  name: string
  slug: string
  saved: string | undefined
  naming?: TypedSetting
  moving?: TypedSetting
  deleting?: TypedSetting
}

const notices: Record<string, string> = {
  name: 'The name is saved.',
  slug: 'The address is changed. Earlier ones lead here.',
  restored: 'The organisation is back as it was, and its API keys work again.',
  'restored-free': 'The organisation is back as it was, on the Free plan.',
}

/** The organisation's name and address, taking everything along, and the way to delete it. */
export function OrganisationSettingsPage({ frame, name, slug, saved, naming, moving, deleting }: SettingsProps) {
  const base = `/o/${slug}/settings`
  const dialog = deleting ? <DeleteDialog name={name} base={base} {...deleting} /> : undefined
  const notice = wordsFor(notices, saved)
  return (
    <PageLayout title="Organisation settings" frame={frame} current="settings" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Organisation settings</h1>
          <p>Its name and address, all its data to take along, and its deletion.</p>
        </div>
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      <div class="stack-large">
        <form method="post" action={base} class="card stack">
          <FormOwner frame={frame} />
          <h2>Name</h2>
          <Field
            name="name"
            label="Organisation name"
            value={naming?.typed ?? name}
            required
            problems={naming?.error?.errors ?? []}
            hint="The address stays as it is, so that links go on working."
          />
          <div>
            <button type="submit" class="button">
              Save name
            </button>
          </div>
        </form>
        <form method="post" action={`${base}/slug`} class="card stack">
          <FormOwner frame={frame} />
          <h2>Address</h2>
          <p class="quiet">
            The pages of this organisation are at <code>/o/{slug}</code>. After a change the earlier address leads to
            the new one, and no other organisation ever gets it. It can have 20 in all.
          </p>
          <Field
            name="slug"
            label="Address"
            value={moving?.typed ?? slug}
            required
            autocomplete="off"
            problems={moving?.error?.errors ?? []}
            hint="3 to 40 letters from a to z, digits and hyphens."
          />
          <div>
            <button type="submit" class="button">
              Change address
            </button>
          </div>
        </form>
        <section class="card stack">
          <h2>Export everything</h2>
          <p class="quiet">
            One ZIP archive with the waitlists, everybody on them, the ids of who was removed, imports, members,
            invitations, API keys (without their secrets), earlier addresses, the subscription, and the Activity log as
            far as the plan shows it, each as JSON Lines and as CSV. The export itself stands in the log.
          </p>
          <form method="post" action={`${base}/export`} data-download>
            <button type="submit" class="button plain">
              Export as ZIP
            </button>
          </form>
        </section>
        <section class="card stack">
          <h2>Delete this organisation</h2>
          <p>
            Its API keys and pages stop working at once. For {daysToRestore} days an owner can bring it back as it was;
            then its waitlists with everybody on them, its keys, its members and its Activity log are gone for good. A
            subscription is charged no more.
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

function DeleteDialog({ name, base, typed, error }: { name: string; base: string } & TypedSetting) {
  return (
    <Dialog
      id="delete"
      title={
        <>
          Delete <bdi>{name}</bdi>?
        </>
      }
      closeHref={`${base}#delete-organisation`}
    >
      <p>
        Requests with its keys answer 401 at once, and its pages show only the way back. After {daysToRestore} days
        everything in it is gone for good.
      </p>
      <form method="post" action={`${base}/delete`} class="stack">
        <Field
          name="confirmation"
          label={
            <>
              Type <bdi>{name}</bdi> to go on
            </>
          }
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
