import { countChoices, repeatedUnit } from './password-patterns.ts'

/** One way to read a password: its words, each once, and how much was chosen around them. */
export interface PasswordReading {
  words: string[]
  around: number
}

const spelled: Record<string, string> = { '@': 'a', $: 's', '!': 'i', 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't' }
const plainWords = /[\p{L}\p{M}]+/gu
const spelledWords = /[\p{L}\p{M}@$!013457]+/gu

export function foldPassword(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/**
 * The ways to read a password: with its spaces, without them and without any sign, and each with digits and signs for
 * themselves or for the letters that they look like.
 */
export function readPassword(password: string): PasswordReading[] {
  const spaced = foldPassword(password)
  const unit = repeatedUnit(spaced.replace(/\s+/gu, ''))
  const bare = unit.replace(/[^\p{L}\p{M}\p{N}@$]/gu, '')
  // Twice: a sign among letters was chosen, and so was its place.
  const signs = 2 * countChoices(unit.replace(/[\p{L}\p{M}\p{N}@$]/gu, ''))
  return [
    ...[spaced, unit].flatMap((text) => [readWords(text, plainWords), readWords(text, spelledWords)]),
    ...[plainWords, spelledWords].map((pattern) => {
      const { words, around } = readWords(bare, pattern)
      return { words, around: around + signs }
    }),
  ]
}

function readWords(text: string, pattern: RegExp): PasswordReading {
  const words = new Set<string>()
  const around = text.replace(pattern, (found) => {
    const [before, word, after] = trimToLetters(found)
    if (word !== '') words.add([...word].map((letter) => spelled[letter] ?? letter).join(''))
    return word === '' ? found : `${before} ${after}`
  })
  const parts = new Set(around.split(/\s/u))
  return { words: [...words], around: [...parts].reduce((sum, part) => sum + countChoices(part), 0) }
}

/** From the first letter, "@" or "$" to the last letter: "p@ssw0rd" of "p@ssw0rd1!". */
function trimToLetters(text: string): [before: string, word: string, after: string] {
  const characters = [...text]
  const first = characters.findIndex((character) => /[\p{L}@$]/u.test(character))
  const end = characters.findLastIndex((character) => /[\p{L}\p{M}]/u.test(character)) + 1
  if (first < 0 || end <= first) return [text, '', '']
  return [characters.slice(0, first).join(''), characters.slice(first, end).join(''), characters.slice(end).join('')]
}
