/** As many keys side by side, letters in their order, or the same character are a pattern, not a choice. */
const minRun = 4
const keyboards = [
  ...['qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890'],
  ...['azertyuiop', 'qsdfghjklm', 'wxcvbn', 'qwertzuiopü', 'asdfghjklöä', 'yxcvbnm', 'asdfghjklñ'],
  ...['йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбю', 'ςερτυθιοπ', 'ασδφγηξκλ', 'ζχψωβνμ'],
  ...['1qaz', '2wsx', '3edc', '4rfv', '5tgb', '6yhn', '7ujm', '!@#$%^&*()'],
]
const walks = keyboards.flatMap((row) => [row, [...row].reverse().join('')]).join(' ')

/** How many characters somebody has to choose for a text: each keyboard walk, sequence and run of one character is one. */
export function countChoices(text: string): number {
  const characters = [...text]
  let choices = 0
  let runEnd = 0
  for (let i = 0; i < characters.length; i++) {
    if (!isRun(characters.slice(i, i + minRun))) choices += i < runEnd ? 0 : 1
    else {
      if (!isRun(characters.slice(i - 1, i - 1 + minRun))) choices += 1
      runEnd = i + minRun
    }
  }
  return choices
}

function isRun(characters: string[]): boolean {
  if (characters.length < minRun) return false
  const codes = characters.map((character) => character.codePointAt(0) ?? 0)
  const steps = new Set(codes.slice(1).map((code, i) => code - (codes[i] ?? 0)))
  return (steps.size === 1 && [-1, 0, 1].includes(Math.min(...steps))) || walks.includes(characters.join(''))
}

/** What a text repeats from its beginning to its end, the whole text where it repeats nothing; linear (Knuth, Morris, Pratt). */
export function repeatedUnit(text: string): string {
  const characters = [...text]
  const borders = [0]
  for (let i = 1, border = 0; i < characters.length; i++) {
    while (border > 0 && characters[i] !== characters[border]) border = borders[border - 1] ?? 0
    if (characters[i] === characters[border]) border += 1
    borders.push(border)
  }
  const period = characters.length - (borders.at(-1) ?? 0)
  // The last one may lack a sign or two: "qwerty--qwerty". "ada" repeats nothing.
  const lacking = period > minRun ? 2 : 0
  return characters.length + lacking >= period * 2 ? characters.slice(0, period).join('') : text
}
