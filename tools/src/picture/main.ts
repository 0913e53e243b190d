/** Draws what a terminal shows: lines with colours on standard input, a picture on standard output. The argument is its title. The picture of the demo comes from a terminal of 104 columns: `tmux capture-pane -p -e | npm run --silent picture -- TITLE`. */
import { text } from 'node:stream/consumers'
import { terminalSvg } from './terminal-svg.ts'

const lines = (await text(process.stdin)).trimEnd().split('\n')
process.stdout.write(terminalSvg(lines, process.argv[2] ?? 'A terminal'))
