import type { Child } from 'hono/jsx'

interface DialogProps {
  id: string
  title: Child
  /** Where Escape and Cancel lead. Undefined: it is closed on purpose only, by a link inside. */
  closeHref?: string
  children?: Child
}

/**
 * A dialog with an address of its own: the page comes with it open. Without JavaScript it lies over the page; with it, it is
 * modal. It never closes by a click beside it.
 */
export function Dialog({ id, title, closeHref, children }: DialogProps) {
  return (
    <dialog
      open
      id={id}
      aria-labelledby={`${id}-title`}
      data-close-href={closeHref}
      closedby={closeHref ? 'closerequest' : 'none'}
    >
      <div class="dialog-body">
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

/** The end of a form in a dialog: the way out, then what it does. */
export function DialogActions(props: { closeHref: string; verb: string; danger?: boolean }) {
  return (
    <div class="dialog-actions">
      <a class="button plain" href={props.closeHref}>
        Cancel
      </a>
      <button type="submit" class={props.danger ? 'button danger' : 'button'}>
        {props.verb}
      </button>
    </div>
  )
}

/** A question before something that cannot be undone, or matters: cancelling comes first. */
export function ConfirmDialog(props: {
  id: string
  title: Child
  action: string
  verb: string
  closeHref: string
  danger?: boolean
  /** What not doing it is called, where "Cancel" could be taken for doing it. */
  keep?: string
  fields?: Record<string, string>
  children?: Child
}) {
  return (
    <Dialog id={props.id} title={props.title} closeHref={props.closeHref}>
      {props.children}
      <form method="post" action={props.action} class="dialog-actions">
        {Object.entries(props.fields ?? {}).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <a class="button plain" href={props.closeHref} autofocus>
          {props.keep ?? 'Cancel'}
        </a>
        <button type="submit" class={props.danger ? 'button danger' : 'button'}>
          {props.verb}
        </button>
      </form>
    </Dialog>
  )
}
