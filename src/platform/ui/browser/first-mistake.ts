/** What is wrong with a form may stand far down its page: the first field that it is about has the focus, and is read with it. */
export function firstMistake(): void {
  document.querySelector<HTMLElement>('main [aria-invalid="true"]')?.focus()
}
