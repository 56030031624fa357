import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'vitest/node'

interface SyntaxNode {
  type: string
  [member: string]: unknown
}

interface NamedFunction {
  isAsynchronous: boolean
  calls: Set<string>
}

const root = new URL('..', import.meta.url).pathname

/** The functions of the product's own code that wait for something and can come back to themselves, as "file: a → b → a". */
export function cyclesOfSource(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .flatMap((file) => asynchronousCycles(`src/${file}`, readFileSync(join(root, 'src', file), 'utf8')))
}

/** Those of one file, each once, under the name that comes first in it. */
export function asynchronousCycles(path: string, text: string): string[] {
  const functions = new Map<string, NamedFunction>()
  collect(parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path), undefined, functions)
  const names = [...functions.keys()]
  return names.flatMap((name, at) => {
    const cycle = findCycle(functions, name, new Set(names.slice(0, at)))
    const waits = cycle?.some((one) => functions.get(one)?.isAsynchronous)
    return cycle && waits ? [`${path}: ${[...cycle, name].join(' → ')}`] : []
  })
}

/** The shortest way from a function back to itself, past none of those that were looked at already. */
function findCycle(functions: Map<string, NamedFunction>, start: string, done: Set<string>): string[] | undefined {
  const ways = [[start]]
  const seen = new Set(done)
  for (const way of ways) {
    for (const next of functions.get(way.at(-1) ?? '')?.calls ?? []) {
      if (next === start) return way
      if (!functions.has(next) || seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

/** Functions by their names, and what each calls, what stands within it included. */
function collect(value: unknown, within: NamedFunction | undefined, functions: Map<string, NamedFunction>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, within, functions)
    return
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return
  const node = value as SyntaxNode
  const named = namedFunction(node)
  let inner = within
  if (named) {
    const known = functions.get(named.name)
    inner = { isAsynchronous: named.isAsynchronous || known?.isAsynchronous === true, calls: known?.calls ?? new Set() }
    functions.set(named.name, inner)
  }
  const called = calledName(node)
  if (called !== undefined) within?.calls.add(called)
  for (const [member, child] of Object.entries(node)) if (member !== 'parent') collect(child, inner, functions)
}

function namedFunction(node: SyntaxNode): { name: string; isAsynchronous: boolean } | undefined {
  if (node.type === 'FunctionDeclaration') return functionOf(nameOf(node.id), node)
  if (node.type === 'VariableDeclarator') return functionOf(nameOf(node.id), node.init)
  if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition' || node.type === 'Property')
    return functionOf(nameOf(node.key), node.value)
  return undefined
}

function functionOf(name: string | undefined, value: unknown): { name: string; isAsynchronous: boolean } | undefined {
  const node = value as SyntaxNode | null
  if (name === undefined || !node || !/Function/.test(node.type)) return undefined
  const returns = JSON.stringify(node.returnType ?? null)
  return { name, isAsynchronous: node.async === true || /"name":"(Promise|AsyncGenerator)"/.test(returns) }
}

/** `name(…)`, `this.name(…)` and `this.#name(…)`. */
function calledName(node: SyntaxNode): string | undefined {
  if (node.type !== 'CallExpression') return undefined
  const callee = node.callee as SyntaxNode
  if (callee.type === 'Identifier') return nameOf(callee)
  const isOwn = callee.type === 'MemberExpression' && (callee.object as SyntaxNode).type === 'ThisExpression'
  return isOwn ? nameOf(callee.property) : undefined
}

function nameOf(value: unknown): string | undefined {
  const node = value as SyntaxNode | null
  if (node?.type === 'PrivateIdentifier') return `#${String(node.name)}`
  return node?.type === 'Identifier' ? String(node.name) : undefined
}
