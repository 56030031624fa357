/** A file that is dragged onto a form goes into its file field; without this, onto the field itself. */
export function dropFiles(): void {
  const formOf = (event: DragEvent) => {
    const target = event.target instanceof Element ? event.target.closest('[data-drop-file]') : null
    return event.dataTransfer?.types.includes('Files') ? target : null
  }
  const mark = (over: Element | null) => {
    for (const form of document.querySelectorAll('[data-drop-file]')) form.classList.toggle('is-over', form === over)
  }
  document.addEventListener('dragover', (event) => {
    const form = formOf(event)
    mark(form)
    if (form) event.preventDefault()
  })
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) mark(null)
  })
  document.addEventListener('drop', (event) => {
    const field = formOf(event)?.querySelector<HTMLInputElement>('input[type=file]')
    mark(null)
    if (!field || !event.dataTransfer) return
    event.preventDefault()
    field.files = event.dataTransfer.files
    field.dispatchEvent(new Event('change', { bubbles: true }))
  })
}
