/** Sends a form that only leads on, so that nobody has to press its button. Coming back to its page leaves it to them. */
export function goingOn(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-goes-on]')
  const [navigation] = performance.getEntriesByType('navigation')
  const isBack = navigation instanceof PerformanceNavigationTiming && navigation.type === 'back_forward'
  if (form && !isBack) form.requestSubmit()
}
