import { fileJsonSchema } from '@serin/spec'
import { defaultWords, typeWords, type Schema } from './json-schema.ts'
import { page, printedFrom, table } from './markdown.ts'

const schemaPath = '../../schema/serin.schema.json'

/** The schema editors read. */
export function printSchema(): string {
  return `${JSON.stringify(fileJsonSchema(), null, 2)}\n`
}

/** `docs/reference/config.md`: each part of the release file with its fields. */
export function printConfigPage(): string {
  const root = fileJsonSchema() as Schema
  const definitions = root.$defs ?? {}
  return page([
    '# The release file',
    printedFrom('packages/spec/src/service-file.ts'),
    'A release file says what runs, who sees what, what is watched, and how the next version comes in. It is YAML; `serin lint -f serin.yaml` checks it and ' +
      'points at the line of each problem. A field that is not listed here is an error, never ignored.',
    `Durations are written \`30s\`, \`5m\` or \`1h30m\`; percentages and shares \`5%\` or \`0.01%\`. An editor that reads JSON Schema completes and explains the file: begin it with \`# yaml-language-server: $schema=PATH\`, PATH being [serin.schema.json](${schemaPath}).`,
    ...Object.entries(definitions).map(([name, schema]) => definition(name, schema)),
  ])
}

function definition(name: string, schema: Schema): string {
  const alternatives = schema.properties === undefined ? (schema.anyOf ?? schema.oneOf ?? []) : [schema]
  const rows = alternatives.flatMap((one) =>
    Object.entries(one.properties ?? {}).map(([field, value]) => [
      `\`${field}\``,
      typeWords(value),
      alternatives.length > 1 ? '' : (one.required ?? []).includes(field) ? '**required**' : defaultWords(value),
      value.description ?? '',
    ]),
  )
  return [
    `## ${name}`,
    `${schema.description ?? ''}${alternatives.length > 1 ? ' Exactly one of these fields.' : ''}`,
    table(['field', 'value', 'default', 'meaning'], rows),
  ].join('\n\n')
}
