/**
 * A dialog that came open with its page becomes modal: focus stays in, the page behind rests. Escape leaves by the dialog's
 * own way out, but for one that must be closed on purpose. What it showed once is gone when the page is left.
 */
export function modalDialogs(): void {
  const dialog = document.querySelector<HTMLDialogElement>('dialog[open]')
  if (!dialog) return
  dialog.close()
  dialog.showModal()
  document.title = `${dialog.querySelector('h2')?.textContent ?? ''} · ${document.title}`
  const mistake = dialog.querySelector<HTMLElement>('[aria-invalid="true"]')
  ;(mistake ?? dialog.querySelector<HTMLElement>('[autofocus]'))?.focus()
  const { closeHref } = dialog.dataset
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    if (closeHref) location.assign(closeHref)
  })
  // A second Escape would close it past the cancel event.
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !closeHref) event.preventDefault()
  })
  // The browser may keep the page for its Back button, but not the secret.
  addEventListener('pagehide', () => {
    for (const secret of document.querySelectorAll('[data-shown-once]')) secret.remove()
  })
}
