import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'vitest/node'

export interface SourcePattern {
  /** File and line. */
  where: string
  source: string
  flags: string
}

interface SyntaxNode {
  type: string
  start: number
  [member: string]: unknown
}

const root = new URL('..', import.meta.url).pathname

/** Every regular expression in the product's own code; `made` are the places that put one together while it runs. */
export function patternsOfSource(): { patterns: SourcePattern[]; made: string[] } {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .map((file) => patternsOf(`src/${file}`, readFileSync(join(root, 'src', file), 'utf8')))
  return { patterns: files.flatMap((file) => file.patterns), made: files.flatMap((file) => file.made) }
}

/** Those of one file, as a literal or as a constant text that something takes for a pattern. */
export function patternsOf(path: string, text: string): { patterns: SourcePattern[]; made: string[] } {
  const patterns: SourcePattern[] = []
  const made: string[] = []
  for (const node of nodesOf(parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path))) {
    const where = `${path}:${text.slice(0, node.start).split('\n').length}`
    const pattern = literalPattern(node) ?? madePattern(node)
    if (pattern === 'made') made.push(where)
    else if (pattern) patterns.push({ where, ...pattern })
  }
  return { patterns, made }
}

function literalPattern(node: SyntaxNode): { source: string; flags: string } | undefined {
  const { regex } = node as { regex?: { pattern: string; flags: string } }
  return node.type === 'Literal' && regex ? { source: regex.pattern, flags: regex.flags } : undefined
}

/** `RegExp(…)`, with or without `new`, and the methods of texts that make a pattern of a text. */
function madePattern(node: SyntaxNode): { source: string; flags: string } | 'made' | undefined {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return undefined
  const callee = node.callee as { name?: string; property?: { name?: string } }
  const given = node.arguments as { type: string; value?: unknown; regex?: unknown }[]
  const [pattern, flags] = given
  const isMethod = given.length === 1 && ['match', 'matchAll', 'search'].includes(callee.property?.name ?? '')
  if (!pattern || pattern.regex || !(callee.name === 'RegExp' || isMethod)) return undefined
  if (typeof pattern.value !== 'string') return 'made'
  return { source: pattern.value, flags: typeof flags?.value === 'string' ? flags.value : '' }
}

function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) for (const one of value) yield* nodesOf(one)
  else if (typeof value === 'object' && value !== null && 'type' in value) {
    yield value as SyntaxNode
    for (const member of Object.values(value)) if (typeof member === 'object') yield* nodesOf(member)
  }
}
