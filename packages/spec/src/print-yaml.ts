import { stringify } from 'yaml'

/** A plain value as YAML, without anchors and without folded lines, so that a line can be searched for. */
export function formatYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
}
