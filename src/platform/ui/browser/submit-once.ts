/** A form that is on its way is not sent again: its button says that it is working. */
export function submitOnce(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (!(form instanceof HTMLFormElement) || form.method === 'get') return
    // The answer is a file: the page stays, and nothing tells it that the file is there.
    if (form.hasAttribute('data-download')) return
    if (form.dataset.sent) {
      event.preventDefault()
      return
    }
    form.dataset.sent = 'yes'
    const button = event.submitter
    if (button instanceof HTMLButtonElement) button.setAttribute('aria-busy', 'true')
  })
  // Back brings the page as it was left: it may be sent again then.
  addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll<HTMLFormElement>('form[data-sent]')) delete form.dataset.sent
    for (const button of document.querySelectorAll('button[aria-busy]')) button.removeAttribute('aria-busy')
  })
}
