/** A form that is a draft says while it holds what is not saved, and the page is not left without a question then. */
export function draftForms(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-draft]')
  if (!form) return
  const state = form.querySelector('[data-draft-state]')
  let leaving = false
  const isUnsaved = () => form.dataset.draft === 'unsaved' || [...form.elements].some(differs)
  const tell = () => {
    const text = isUnsaved() ? 'Your changes are not saved yet.' : ''
    if (state && state.textContent !== text) state.textContent = text
  }
  form.addEventListener('input', tell)
  document.addEventListener('submit', (event) => {
    leaving = event.target === form
  })
  // Whoever discards means it.
  form.querySelector('[data-draft-discard]')?.addEventListener('click', () => {
    leaving = true
  })
  addEventListener('beforeunload', (event) => {
    if (isUnsaved() && !leaving) event.preventDefault()
  })
  // Back brings the page with what was typed.
  addEventListener('pageshow', () => {
    leaving = false
    tell()
  })
}

function differs(field: Element): boolean {
  if (field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio'))
    return field.checked !== field.defaultChecked
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)
    return field.value !== field.defaultValue
  return (
    field instanceof HTMLSelectElement &&
    [...field.options].some((option) => option.selected !== option.defaultSelected)
  )
}
