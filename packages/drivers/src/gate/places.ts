/** What `{name}` stands for in a text; null: it is not known yet. */
export type Places = Readonly<Record<string, string | null>>

/** A text with its places replaced, or the first place of it that is not known yet. */
export type Filled = { readonly text: string } | { readonly missing: string }

/** Replaces `{name}` for each name there is; other braces stay as they are. */
export function fill(text: string, places: Places): Filled {
  for (const [name, value] of Object.entries(places)) {
    if (value === null && text.includes(`{${name}}`)) return { missing: name }
  }
  return { text: text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => placeOf(places, name) ?? whole) }
}

/** As `fill`, each value written so that it may stand inside a JSON string. */
export function fillJson(text: string, places: Places): Filled {
  const escaped = Object.entries(places).map(([name, value]) => [
    name,
    value === null ? null : JSON.stringify(value).slice(1, -1),
  ])
  return fill(text, Object.fromEntries(escaped) as Places)
}

/** The places of gates, as the file format promises them. */
export function placesOf(context: {
  readonly service: string
  readonly canary: string
  readonly stable: string
  readonly preview: string | null
}): Places {
  const { service, canary, stable, preview } = context
  return { preview: preview?.replace(/\/+$/, '') ?? null, service, version: canary, stable }
}

/** Why a gate waits that asks at a place which is not known yet. */
export function unknownPlace({ canary }: { readonly canary: string }, name: string): string {
  return `There is no {${name}} yet: no replica of ${canary} is ready.`
}

function placeOf(places: Places, name: string): string | null | undefined {
  return Object.hasOwn(places, name) ? places[name] : undefined
}
