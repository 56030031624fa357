import type { AppError } from '../../platform/errors.ts'
import { Field, Problems, problemsOf } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import type { Waitlist } from './waitlist.ts'

interface SetupFormProps {
  base: string
  waitlist: Waitlist
  typed?: Record<string, string> | undefined
  error?: AppError | undefined
  saved: boolean
}

/** What can be set on a waitlist, and the way to archive or restore it. */
export function SetupForm({ base, waitlist, typed, error, saved }: SetupFormProps) {
  const problems = error?.errors ?? []
  const value = (name: 'name' | 'description' | 'skip_amount') => typed?.[name] ?? String(waitlist[name])
  const referrals = typed ? typed.referrals_enabled === 'on' : waitlist.referrals_enabled
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Set up {waitlist.name}</h1>
          <p>
            <a href={base}>Back to its subscribers</a>
          </p>
        </div>
      </div>
      {saved && !error ? <Notice>Your changes are saved.</Notice> : null}
      <div class="stack-large">
        <form method="post" action={`${base}/setup`} class="card stack">
          <h2>General</h2>
          <Field name="name" label="Name" value={value('name')} required problems={problems} />
          <div class="field">
            <label for="description">Description</label>
            <textarea class="input" id="description" name="description" rows={3} aria-describedby="description-problem">
              {value('description')}
            </textarea>
            <Problems id="description-problem" problems={problemsOf(problems, 'description')} />
          </div>
          <h2>Referrals</h2>
          <label class="check">
            <input type="checkbox" name="referrals_enabled" value="on" checked={referrals} />
            <span>
              <strong>People move ahead when others join through them</strong>
              <span class="hint">While this is off, codes sleep and earn nothing; places already earned stay.</span>
            </span>
          </label>
          <Field
            name="skip_amount"
            label="Places ahead for each person"
            value={value('skip_amount')}
            problems={problems}
            hint="1 to 100. Places already given keep their amount."
          />
          <div>
            <button type="submit" class="button">
              Save changes
            </button>
          </div>
        </form>
        <section class="card stack">
          <h2>{waitlist.archived_at ? 'Archived' : 'Danger zone'}</h2>
          {waitlist.archived_at ? (
            <form method="post" action={`${base}/restore`} class="stack">
              <p>This waitlist takes no signups, and its API answers 404. Everything is still here.</p>
              <div>
                <button type="submit" class="button plain">
                  Restore waitlist
                </button>
              </div>
            </form>
          ) : (
            <>
              <p>An archived waitlist takes no signups, and its API answers 404. Nothing is deleted.</p>
              <div>
                <a class="button danger-quiet" id="archive-waitlist" href={`${base}/archive`}>
                  Archive waitlist
                </a>
              </div>
            </>
          )}
        </section>
      </div>
    </>
  )
}
