import { raw } from 'hono/html'
import { errorCatalogue } from '../../platform/errors.ts'
import { headingId, renderInline, renderMarkdown } from './guide.ts'
import { GuideTable } from './guide-table.tsx'
import { exampleOf, type Json, typeOf } from './json-schema.ts'

interface Parameter {
  name: string
  in: string
  required?: boolean
  description: string
  schema: Json
}

interface Operation {
  summary: string
  description: string
  security: { apiKey: string[] }[]
  parameters: Parameter[]
  requestBody?: { content: Record<string, { schema: Json }> }
  responses: Record<string, { description: string; content: Record<string, { schema: Json }> }>
}

interface OperationAt {
  method: string
  path: string
  operation: Operation
}

/** The operations of an OpenAPI document, for people. */
export function ApiReference({ document, publicUrl }: { document: Json; publicUrl: string }) {
  const paths = document.paths as Record<string, Record<string, Operation>>
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  return (
    <>
      <h1>API reference</h1>
      <p>
        Every operation, made from the declarations that check every request; for machines the same is{' '}
        <a href="/openapi.json">an OpenAPI 3.1 document</a>. All of them take an API key as a Bearer token: see{' '}
        <a href="/docs/authentication">Authentication</a>.
      </p>
      <ul>
        {operations.map(({ method, path, operation }) => (
          <li>
            <a href={`#${headingId(operation.summary)}`}>{operation.summary}</a>{' '}
            <code>
              {method} {path}
            </code>
          </li>
        ))}
      </ul>
      {operations.map((at) => (
        <OperationSection {...at} publicUrl={publicUrl} />
      ))}
    </>
  )
}

function OperationSection({ method, path, operation, publicUrl }: OperationAt & { publicUrl: string }) {
  const scope = operation.security[0]?.apiKey[0]
  const body = operation.requestBody?.content['application/json']?.schema
  const answer = Object.entries(operation.responses).find(([, response]) => response.content['application/json'])?.[1]
    .content['application/json']?.schema
  return (
    <>
      <h2 id={headingId(operation.summary)}>{operation.summary}</h2>
      <p>
        <code>
          {method} {path}
        </code>{' '}
        ·{' '}
        {scope ? (
          <>
            scope <code>{scope}</code>
          </>
        ) : (
          'any key'
        )}
      </p>
      <p>{raw(renderInline(operation.description))}</p>
      <Example code={curlOf({ method, path, operation }, publicUrl)} language="sh" id={`${method}${path}-request`} />
      {operation.parameters.length > 0 ? <Parameters parameters={operation.parameters} /> : null}
      {body ? <Members of="Body" schema={body} withRequired /> : null}
      <h3>Answers</h3>
      {answer ? (
        <Example code={JSON.stringify(exampleOf(answer), null, 2)} language="json" id={`${method}${path}-answer`} />
      ) : null}
      {answer ? <Members of="Member" schema={innermost(answer)} /> : null}
      <Answers operation={operation} />
    </>
  )
}

function Example({ code, language, id }: { code: string; language: string; id: string }) {
  return raw(renderMarkdown(`\`\`\`${language}\n${code}\n\`\`\`\n`, headingId(id)))
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  return (
    <GuideTable
      columns={['Parameter', 'In', 'Type', 'Meaning']}
      rows={parameters.map((parameter) => [
        <code>{parameter.name}</code>,
        parameter.in,
        typeOf(parameter.schema),
        raw(renderInline(parameter.description)),
      ])}
    />
  )
}

function Members({ of, schema, withRequired }: { of: string; schema: Json; withRequired?: boolean }) {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>)
  const required = (schema.required ?? []) as string[]
  return (
    <GuideTable
      columns={[of, 'Type', ...(withRequired ? ['Required'] : []), 'Meaning']}
      rows={properties.map(([name, property]) => [
        <code>{name}</code>,
        typeOf(property),
        ...(withRequired ? [required.includes(name) ? 'yes' : 'no'] : []),
        raw(renderInline(String(property.description ?? ''))),
      ])}
    />
  )
}

function Answers({ operation }: { operation: Operation }) {
  return (
    <GuideTable
      columns={['Status', 'When']}
      rows={Object.entries(operation.responses).map(([status, { description }]) => [
        status,
        raw(renderInline(withErrorLinks(description))),
      ])}
    />
  )
}

/** Where an answer is a page of things, the members of one thing. */
function innermost(schema: Json): Json {
  const items = (schema.properties as Record<string, Json> | undefined)?.items
  return items?.type === 'array' ? (items.items as Json) : schema
}

function withErrorLinks(description: string): string {
  return description.replace(/`([a-z_]+)`/g, (text, code) =>
    Object.hasOwn(errorCatalogue, code) ? `[${text}](/docs/errors/${code})` : text,
  )
}

/** A request to try, with the placeholders that the rest of the guide uses. */
function curlOf({ method, path, operation }: OperationAt, publicUrl: string): string {
  const body = operation.requestBody?.content['application/json']?.schema
  const lines = [
    `curl ${publicUrl}${path.replace('{waitlist_id}', '$WAITLIST_ID')}`,
    '-H "Authorization: Bearer $QUEUEUP_KEY"',
  ]
  if (body) {
    const required = (body.required ?? []) as string[]
    const properties = (body.properties ?? {}) as Record<string, Json>
    const example = Object.fromEntries(required.map((name) => [name, exampleOf(properties[name] ?? {})]))
    lines.push('-H "Content-Type: application/json"', `-d '${JSON.stringify(example)}'`)
  } else if (method !== 'GET') lines.push(`-X ${method}`)
  return lines.join(' \\\n  ')
}
