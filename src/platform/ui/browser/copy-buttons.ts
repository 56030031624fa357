/** Buttons that copy the field or text they point at, and say so; where the clipboard is out of reach the text is selected. */
export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.hidden = false
    const label = button.textContent
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset.copy ?? '')
      if (!source) return
      const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? '')
      try {
        await navigator.clipboard.writeText(text)
        button.textContent = 'Copied'
      } catch {
        select(source)
        button.textContent = 'Selected: press Ctrl+C or ⌘C'
      }
      setTimeout(() => {
        button.textContent = label
      }, 4000)
    })
  }
}

/** What is there to be taken away is selected as soon as it has the focus: the keys for copying are enough. */
export function selectedOnFocus(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>('input[readonly].secret'))
    field.addEventListener('focus', () => field.select())
}

function select(source: HTMLElement): void {
  if (source instanceof HTMLInputElement) {
    source.focus()
    source.select()
  } else {
    getSelection()?.selectAllChildren(source)
  }
}
