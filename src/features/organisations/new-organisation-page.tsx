import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
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
