/** What is drawn elsewhere too: numbers to places and paths. Knows no page, no language and no browser. */
export { layoutBand, type BandFrame, type BandLayout, type BandPoint } from './evidence/band-layout.ts'
export { heightOf, layoutStairs, type Stair } from './evidence/stairs-layout.ts'
export { bandOf, limitOf, observedAt, scaleOf, type Scale } from './live/trail.ts'
export { standingOf, standings } from './evidence/standing.ts'
