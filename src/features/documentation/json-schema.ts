export type Json = Record<string, unknown>

/** A type as people say it: "integer, 1 to 200, default 25". */
export function typeOf(schema: Json): string {
  const options = schema.anyOf as Json[] | undefined
  if (options) return options.map(typeOf).join(' or ')
  const { minimum, maximum, maxLength, default: preset } = schema
  const top = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  const facts = [
    typeName(schema),
    minimum !== undefined && top !== undefined
      ? `${minimum} to ${top}`
      : minimum === undefined
        ? ''
        : `from ${minimum}`,
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
    preset === undefined || preset === '' ? '' : `default ${JSON.stringify(preset)}`,
  ]
  return facts.filter(Boolean).join(', ')
}

function typeName(schema: Json): string {
  if (schema.type === 'array') return `array of ${typeOf(schema.items as Json)}`
  if (schema.enum) return (schema.enum as unknown[]).join(', ')
  return String(schema.type ?? 'string')
}

/** A value that the schema takes, out of the examples in it. */
export function exampleOf(schema: Json): unknown {
  if (schema.example !== undefined) return schema.example
  if (schema.default !== undefined) return schema.default
  if (schema.enum) return (schema.enum as unknown[])[0]
  if (schema.anyOf) return exampleOf((schema.anyOf as Json[])[0] ?? {})
  if (schema.type === 'array') {
    const items = schema.items as Json
    return items.enum ? items.enum : [exampleOf(items)]
  }
  if (schema.type === 'object') {
    const members = Object.entries((schema.properties ?? {}) as Record<string, Json>)
    return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member)]))
  }
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 0
  return schema.format === 'date-time' ? '2026-05-03T18:30:12Z' : ''
}
