/** What an address asks to be told, of what there is to tell; undefined for anything else that somebody made up. */
export function wordsFor<Words>(notices: Record<string, Words>, name: string | undefined): Words | undefined {
  return name !== undefined && Object.hasOwn(notices, name) ? notices[name] : undefined
}
