import { fieldError } from '../../platform/errors.ts'
import { countUncovered } from '../../platform/names/count-uncovered.ts'
import { isCommonPassword } from './common-passwords.ts'
import { countChoices, repeatedUnit } from './password-patterns.ts'
import { foldPassword, type PasswordReading, readPassword } from './read-password.ts'
import { type PasswordOwner, withoutMarks, wordsAbout } from './words-about.ts'

const maxUnit = 4
/** "qwertyuiop1234567" is two choices, "aaaabbbbcccc" three. */
const maxPatterns = 3
/** "Summer2026!" is one step of every guessing program away from "summer"; ten random digits around it are not. */
const maxAround = 8
/** "dog8374652": eight digits around three letters are most of the password. */
const minCommonWord = 4
const minWordWithDigits = 5

/**
 * Refuses what guessing begins with: commonly used or expected passwords, the user's email address and name, the product's
 * name, and what a program derives from those (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.4). As the standard demands, a password
 * is judged as a whole: a common word or a name within a longer one is no reason to refuse it. Every way to choose a
 * password calls this before it hashes.
 * @throws AppError `validation_failed`.
 */
export async function requireUncommonPassword(password: string, owner: PasswordOwner): Promise<void> {
  const folded = foldPassword(password).replace(/\s+/gu, '')
  const readings = readPassword(password)
  if (isPattern(folded) || (await isAnyCommon(commonCandidates(folded, readings)))) {
    throw fieldError('password', 'refused', 'This password is too common. Choose one that others would not think of.')
  }
  const known = wordsAbout(owner)
  if (isAboutDigits(folded, known) || readings.some((reading) => isAbout(reading, known))) {
    throw fieldError(
      'password',
      'refused',
      'This password is little more than your email address, your name or the product’s name. Choose another.',
    )
  }
}

/** Up to four characters again and again, keyboard walks and sequences, no characters at all. */
function isPattern(folded: string): boolean {
  return [...repeatedUnit(folded)].length <= maxUnit || countChoices(folded) <= maxPatterns
}

/** What is looked up: the password, what it repeats, and its only word where little is around it. */
function commonCandidates(folded: string, readings: PasswordReading[]): string[] {
  const words = readings
    .filter(({ around }) => around <= maxAround)
    .map(({ words }) => new Set(words.map(repeatedUnit)))
    .flatMap((units) => (units.size === 1 ? [...units] : []))
    .filter((word) => [...word].length >= minCommonWord)
  return [...new Set([folded, repeatedUnit(folded), ...words, ...words.map(withoutMarks)])]
}

async function isAnyCommon(candidates: string[]): Promise<boolean> {
  for (const candidate of candidates)
    if (countChoices(candidate) === 1 || (await isCommonPassword(candidate))) return true
  return false
}

/** Whether a reading has words of `known`, few other letters, and little around them. */
function isAbout({ words, around }: PasswordReading, known: string[]): boolean {
  const plain = words.map(withoutMarks)
  const length = plain.join('').length
  const uncovered = plain.reduce((sum, word) => sum + countUncovered(word, known), 0)
  // "alovelace": an initial more is not another password.
  return length > uncovered && uncovered * 3 <= length - uncovered && around + uncovered <= maxAround
}

/** Addresses such as "u83746529@…", whose digits `isAbout` would count as chosen. */
function isAboutDigits(folded: string, known: string[]): boolean {
  const plain = withoutMarks(folded)
  const bare = plain.replace(/[^\p{L}\p{N}]/gu, '')
  return known
    .filter((word) => /\p{N}/u.test(word) && word.length >= minWordWithDigits && bare.includes(word))
    .some((word) => countChoices(bare.replace(word, '')) + plain.length - bare.length <= maxAround)
}
