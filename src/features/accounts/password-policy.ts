import { fieldError } from '../../platform/errors.ts'
import { isCommonPassword } from './common-passwords.ts'

/** Whose password it is to be; what is known of them makes a bad password. */
interface PasswordOwner {
  email: string
  name?: string
}

/** What an attacker tries first at this product. */
const productWords = ['queueup', 'waitlist', 'password']
/** Shorter words say too little: "Li" is in many good passwords. */
const minWordLength = 3
const maxUnit = 4
/** "Summer2026!" is one step of every guessing program away from "summer". */
const maxAround = 6
const spelled: Record<string, string> = { '@': 'a', $: 's', '!': 'i', 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't' }

/**
 * Refuses what guessing begins with (NIST SP 800-63B, 5.1.1.2; ASVS 6.2.4): common passwords, the person's own email address
 * and name, the product's name, one pattern again and again, and letters or digits in their order. Every way to choose a
 * password calls this before it hashes.
 * @throws AppError `validation_failed`.
 */
export async function requireUncommonPassword(password: string, owner: PasswordOwner): Promise<void> {
  const folded = fold(password).replace(/\s+/gu, '')
  const word = wordIn(folded)
  const isWordAlone = folded.length - word.length <= maxAround
  const isCommon = (await isCommonPassword(folded)) || (isWordAlone && (await isCommonPassword(word)))
  if (isRepeated(folded) || isSequence(folded) || isCommon) {
    throw fieldError('password', 'refused', 'This password is too common. Choose one that others would not think of.')
  }
  const letters = lettersOf(folded)
  const bare = folded.replace(/[^\p{L}\p{N}]/gu, '')
  if (wordsAbout(owner).some((known) => [letters, bare, word].includes(known))) {
    throw fieldError(
      'password',
      'refused',
      'This password is little more than your email address, your name or the product’s name. Choose another.',
    )
  }
}

/** With and without their digits: "ada.lovelace1815@example.com" gives adalovelace1815 and adalovelace. */
function wordsAbout({ email, name = '' }: PasswordOwner): string[] {
  const [local = '', domain = ''] = email.split('@')
  const names = [
    name,
    ...name.split(/\s+/u),
    local,
    ...local.split(/[._+-]+/u),
    domain,
    domain.split('.')[0] ?? '',
    email,
  ]
  const words = names.map((word) => fold(word).replace(/[^\p{L}\p{N}]/gu, ''))
  return [...productWords, ...words, ...words.map(lettersOf)].filter((word) => word.length >= minWordLength)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function lettersOf(folded: string): string {
  return folded.replace(/[^\p{L}]/gu, '')
}

/** From the first letter to the last, with digits and signs read as the letters they stand for: "p@ssw0rd" of "P@ssw0rd123". */
function wordIn(folded: string): string {
  const characters = [...folded]
  const isLetter = (character: string) => /\p{L}/u.test(character)
  const word = characters.slice(characters.findIndex(isLetter), characters.findLastIndex(isLetter) + 1)
  return word.map((character) => spelled[character] ?? character).join('')
}

/** Up to four characters again and again; no characters at all. */
function isRepeated(folded: string): boolean {
  const characters = [...folded]
  for (let unit = 1; unit <= maxUnit; unit++)
    if (characters.every((character, i) => character === characters[i % unit])) return true
  return false
}

/** "abcdefghijk", "9876543210". */
function isSequence(folded: string): boolean {
  const codes = [...folded].map((character) => character.codePointAt(0) ?? 0)
  const steps = new Set(codes.slice(1).map((code, i) => code - (codes[i] ?? 0)))
  return steps.size === 1 && (steps.has(1) || steps.has(-1))
}
