type Json = Record<string, unknown>

interface Operation {
  summary: string
  description: string
  security: { apiKey: string[] }[]
  parameters: { name: string; in: string; required?: boolean; description: string; schema: Json }[]
  requestBody?: { content: Record<string, { schema: Json }> }
  responses: Record<string, { description: string; content: Record<string, { schema: Json }> }>
}

/** The operations of an OpenAPI document, for people. */
export function ApiReference({ document }: { document: Json }) {
  const paths = document.paths as Record<string, Record<string, Operation>>
  return (
    <>
      <h1>API reference</h1>
      <p>
        Made from <a href="/openapi.json">the OpenAPI 3.1 document</a>, which is made from the declarations that check
        every request.
      </p>
      {Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => (
          <OperationSection path={path} method={method.toUpperCase()} operation={operation} />
        )),
      )}
    </>
  )
}

function OperationSection({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  const scope = operation.security[0]?.apiKey[0]
  const body = operation.requestBody?.content['application/json']?.schema
  return (
    <>
      <h2 id={`${method}-${path}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')}>{operation.summary}</h2>
      <pre class="code" tabindex={0} role="group" aria-label="Address">
        {method} {path}
      </pre>
      <p>{operation.description}</p>
      <p>
        {scope ? (
          <>
            Permission: <code>{scope}</code>
          </>
        ) : (
          'Any key may.'
        )}
      </p>
      {operation.parameters.length > 0 ? (
        <table tabindex={0}>
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">In</th>
              <th scope="col">Type</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {operation.parameters.map((parameter) => (
              <tr>
                <td>
                  <code>{parameter.name}</code>
                </td>
                <td>{parameter.in}</td>
                <td>{typeOf(parameter.schema)}</td>
                <td>{parameter.description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {body ? <Members title="Body" schema={body} /> : null}
      <table tabindex={0}>
        <thead>
          <tr>
            <th scope="col">Answer</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(operation.responses).map(([status, response]) => (
            <tr>
              <td>{status}</td>
              <td>{response.description.replaceAll('`', '')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function Members({ title, schema }: { title: string; schema: Json }) {
  const properties = (schema.properties ?? {}) as Record<string, Json>
  const required = (schema.required ?? []) as string[]
  return (
    <table tabindex={0}>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">Type</th>
          <th scope="col">Required</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(properties).map(([name, property]) => (
          <tr>
            <td>
              <code>{name}</code>
            </td>
            <td>{typeOf(property)}</td>
            <td>{required.includes(name) ? 'yes' : 'no'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function typeOf(schema: Json): string {
  const limits = [
    schema.minimum === undefined ? '' : `from ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER ? '' : `to ${schema.maximum}`,
    schema.maxLength === undefined ? '' : `at most ${schema.maxLength} characters`,
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ].filter(Boolean)
  return [String(schema.type ?? 'string'), ...limits].join(', ')
}
