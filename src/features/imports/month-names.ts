const languages = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'pl']

const months = new Map<string, number>()
for (const language of languages) {
  for (const style of ['long', 'short'] as const) {
    const format = new Intl.DateTimeFormat(language, { month: style, day: 'numeric', timeZone: 'UTC' })
    for (let month = 0; month < 12; month++) {
      const parts = format.formatToParts(Date.UTC(2026, month, 1))
      const name = toPlain(parts.find(({ type }) => type === 'month')?.value ?? '')
      // The first language keeps a name that another uses for something else.
      if (/\p{L}/u.test(name) && !months.has(name)) months.set(name, month + 1)
    }
  }
}
months.set('sept', 9)

/** The number of a month by its name, whole or short, in the languages that forms are most often in. */
export function findMonth(word: string): number | undefined {
  return months.get(toPlain(word))
}

function toPlain(word: string): string {
  return word
    .normalize('NFKD')
    .replace(/[^\p{L}]/gu, '')
    .toLowerCase()
}
