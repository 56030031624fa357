/** Whether a version is one that an advisory means: `>=1.2.0 <1.2.5 || <1.0.3`, or `*`. What is before a release counts as it. */
export function inRange(version: string, range: string): boolean {
  if (range === '*') return true
  const numbers = numbersOf(version)
  const alternatives = range.split('||').map((all) => all.trim().split(/\s+/).map(readComparison))
  return alternatives.some((all) => all.every(({ allows, than }) => allows(compare(numbers, than))))
}

type Numbers = [major: number, minor: number, patch: number]

const comparisons: Record<string, (order: number) => boolean> = {
  '>=': (order) => order >= 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '<': (order) => order < 0,
  '=': (order) => order === 0,
}

function readComparison(text: string) {
  const [, operator = '', version = ''] = /^([<>]?=?)(.*)$/.exec(text) ?? []
  const allows = comparisons[operator || '=']
  if (!allows) throw new Error(`"${text}" is no comparison of versions`)
  return { allows, than: numbersOf(version) }
}

function numbersOf(version: string): Numbers {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]+)?$/.exec(version) ?? []
  if (patch === undefined) throw new Error(`"${version}" is no version`)
  return [Number(major), Number(minor), Number(patch)]
}

function compare(one: Numbers, other: Numbers): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
}
