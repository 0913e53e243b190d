import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminalSvg } from './terminal-svg.ts'

test('text, colours and columns of a terminal are in the picture, and nothing of the control codes', () => {
  const svg = terminalSvg(['\u001B[1;31m■ harm\u001B[0m <v2> \u001B[2mquiet\u001B[0m'], 'a "title"')
  assert.match(svg, /fill="#ff6b5e" font-weight="bold">■ harm</)
  assert.match(svg, /<text x="70\.6"[^>]*> &lt;v2&gt; </)
  assert.match(svg, /fill="#7a8490">quiet</)
  assert.match(svg, /aria-label="a &quot;title&quot;"/)
  assert.ok(!svg.includes('\u001B') && !svg.includes('[0m'))
})
