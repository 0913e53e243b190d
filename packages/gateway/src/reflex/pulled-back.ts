import type { RoutingTable } from '@serin/core'

/** The table without canary: stable has its share, also of those whom a rule sends there. Whoever names canary in the override header still gets it. */
export function pulledBack(table: RoutingTable): RoutingTable {
  const { canary, stable, arms } = table
  const freedBp = arms.find(({ version }) => version === canary)?.weightBp ?? 0
  const weightOf = ({ version, weightBp }: RoutingTable['arms'][number]): number =>
    version === canary ? 0 : version === stable ? weightBp + freedBp : weightBp
  return { ...table, canary: null, arms: arms.map((arm) => ({ ...arm, weightBp: weightOf(arm) })) }
}
