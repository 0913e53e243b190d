/** How a report looks, in light and dark and on paper. Red is for harm and appears nowhere else. */
export const reportStyle = `
:root { color-scheme: light dark; --paper: light-dark(#f7f6f2, #131519); --card: light-dark(#fff, #1a1d22); --ink: light-dark(#1c1e1a, #ebe9e2);
  --quiet: light-dark(#5b5f57, #a4a89e); --line: light-dark(#dedcd3, #32363d); --stable: light-dark(#6b727b, #98a0aa); --stable-soft: light-dark(#e4e6e9, #2b3036);
  --canary: light-dark(#768500, #d3df3a); --canary-soft: light-dark(#edf2b3, #3a3f16); --safe: light-dark(#1b6e45, #63cf97); --wait: light-dark(#835400, #e3b44f);
  --harm: light-dark(#b3261e, #ff8a80); --harm-soft: light-dark(#fbe6e3, #40201e) }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 1rem }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
h3 { font-size: .95rem; margin: 0 0 .25rem }
.quiet, dt, figcaption { color: var(--quiet); font-size: .85rem }
.safe { color: var(--safe) } .wait { color: var(--wait) } .harm { color: var(--harm) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; margin: 0 }
dd { margin: 0 }
figure { margin: .5rem 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem }
svg { display: block; width: 100%; height: auto }
svg path { fill: none; stroke-width: 2 }
svg text { font-size: 12px; fill: var(--quiet) }
.tread { fill: var(--stable-soft) } .tread.done, .tread.now { fill: var(--canary-soft) } .tread.stopped { fill: var(--harm-soft) }
.asked { stroke: var(--stable) } .observed { stroke: var(--ink); stroke-dasharray: 7 4 }
svg .interval { fill: var(--canary-soft); stroke: var(--canary); stroke-width: 1 } .estimate { stroke: var(--canary) }
.same { stroke: var(--stable) } .limit { stroke: var(--harm); stroke-dasharray: 5 4 } .turn { stroke: var(--stable); stroke-dasharray: 2 3 }
.scrolls { overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin-top: .75rem }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .85rem }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child { white-space: nowrap }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem; overflow-x: auto }
footer { margin-top: 2rem }
@media print { :root { color-scheme: light } .card, tr { break-inside: avoid } }
`
