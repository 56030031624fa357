/** A value to take away, with a button that copies it. Without JavaScript the field can be selected; the button stays hidden. */
export function CopyField({
  id,
  label,
  value,
  secret,
}: {
  id: string
  label: string
  value: string
  secret?: boolean
}) {
  return (
    <div class="field" data-shown-once={secret ? '' : undefined}>
      <label for={id}>{label}</label>
      <div class="copy">
        <input
          class={value.length > 36 ? 'input secret long' : 'input secret'}
          id={id}
          value={value}
          readonly
          autocomplete="off"
          spellcheck={false}
          autofocus={secret}
        />
        <CopyButton target={id} first={secret} />
      </div>
    </div>
  )
}

/** Code to take away. */
export function CopyCode({ id, label, code, secret }: { id: string; label: string; code: string; secret?: boolean }) {
  return (
    <div class="field" data-shown-once={secret ? '' : undefined}>
      <div class="code-head">
        <span class="legend" id={`${id}-label`}>
          {label}
        </span>
        <CopyButton target={id} />
      </div>
      <pre class="code wrap" id={id} role="group" aria-labelledby={`${id}-label`}>
        {code}
      </pre>
    </div>
  )
}

/** `first`: what whoever sees the page should do first. */
export function CopyButton({ target, first }: { target: string; first?: boolean | undefined }) {
  return (
    <button type="button" class={first ? 'button' : 'button plain small'} data-copy={target} hidden aria-live="polite">
      Copy
    </button>
  )
}
