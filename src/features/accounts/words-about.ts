import { foldPassword } from './read-password.ts'

/** Whose password it is to be; what is known of them makes a bad password. */
export interface PasswordOwner {
  email: string
  name?: string
}

/** What an attacker tries first at this product. */
const productWords = ['queueup', 'waitlist', 'password']
/** Shorter words say too little: "Li" is in many good passwords. */
const minWordLength = 3

/** With and without their digits: "ada.lovelace1815@example.com" gives adalovelace1815 and adalovelace. */
export function wordsAbout({ email, name = '' }: PasswordOwner): string[] {
  const [local = '', domain = ''] = email.split('@')
  const names = [
    ...[name, ...name.split(/[\s'’-]+/u)],
    ...[local, ...local.split(/[._+-]+/u)],
    ...[domain, ...domain.split(/[.-]/u), domain.split('.')[0] ?? ''],
    email,
  ]
  const words = names.map((word) => withoutMarks(foldPassword(word)).replace(/[^\p{L}\p{N}]/gu, ''))
  const all = [...productWords, ...words, ...words.map((word) => word.replace(/\p{N}/gu, ''))]
  return [...new Set(all)].filter((word) => [...word].length >= minWordLength)
}

/** "Müller" and "Muller" are one name in a password. */
export function withoutMarks(folded: string): string {
  return folded.normalize('NFD').replace(/\p{M}/gu, '')
}
