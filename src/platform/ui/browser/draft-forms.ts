/**
 * A form that is a draft says what of it is not saved, in the bar that saves it, and the page is not left without a question
 * then.
 */
export function draftForms(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-draft]')
  if (!form) return
  const bar = document.querySelector<HTMLElement>('.save-bar')
  const state = bar?.querySelector('[data-draft-state]')
  let leaving = false
  const unsaved = () => {
    const drafted = form.dataset.changed?.split(', ') ?? []
    const typed = [...form.elements].filter(differs).map(nameOf)
    return [...new Set([...drafted, ...typed])].filter((name) => name !== '')
  }
  const isUnsaved = () => form.dataset.draft === 'unsaved' || unsaved().length > 0
  const tell = () => {
    const names = unsaved().join(', ')
    const text = names ? `Not saved yet: ${names}.` : isUnsaved() ? 'Your changes are not saved yet.' : ''
    if (state && state.textContent !== text) state.textContent = text
    bar?.toggleAttribute('data-unsaved', text !== '')
  }
  form.addEventListener('input', tell)
  document.addEventListener('submit', (event) => {
    leaving = event.target === form
  })
  // Whoever discards means it.
  bar?.querySelector('[data-draft-discard]')?.addEventListener('click', () => {
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

/** As its label calls it; of a tick box with a whole sentence, the name it is given for this. */
function nameOf(field: Element): string {
  if (
    !(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)
  )
    return ''
  return field.dataset.called ?? field.labels?.[0]?.textContent?.trim() ?? field.name
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
