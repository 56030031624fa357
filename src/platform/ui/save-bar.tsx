interface SaveBarProps {
  /** The id of the form, which the bar follows in the same column. */
  form: string
  discardHref: string
  /** Of a form that comes with a draft: the names of its changed fields. */
  unsaved: string | undefined
}

/**
 * Saves a long form. It is at the form's end; while something is unsaved it sticks to the window's lower edge and comes
 * last in the column, so that it never floats between cards. It is outside of the form, whose end would hold it back.
 */
export function SaveBar({ form, discardHref, unsaved }: SaveBarProps) {
  const state = unsaved === undefined ? '' : unsavedInWords(unsaved)
  return (
    <div class="save-bar" data-unsaved={unsaved === undefined ? undefined : ''}>
      <p class="small" role="status" data-draft-state>
        {state}
      </p>
      <div class="row">
        <button type="submit" class="button" form={form}>
          Save changes
        </button>
        <a href={discardHref} data-draft-discard>
          Discard
        </a>
      </div>
    </div>
  )
}

function unsavedInWords(fields: string): string {
  return fields ? `Not saved yet: ${fields}.` : 'Your changes are not saved yet.'
}
