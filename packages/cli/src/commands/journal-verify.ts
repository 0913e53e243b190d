import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { plural } from '../view/figures.ts'

export const journalVerify = defineCommand({
  name: 'journal verify',
  group: 'More',
  summary: 'Check that nobody changed the journal.',
  description: 'Walks its hash chain. Exit code 1 when an entry was changed.',
  examples: [{ line: 'serin journal verify', does: 'Check the whole journal' }],
  async run(call) {
    const { client } = connect(call)
    call.out.working('Checking the journal')
    const result = await client.verifyJournal({})
    call.out.result(result, (paper) => [
      result.ok
        ? `${paper.ink('safe', '●')} The journal holds together: ${plural(result.entries, 'line')}.`
        : `${paper.ink('harm', '■')} The journal was changed at entry ${result.firstBad ?? '?'} of ${result.entries}.`,
    ])
    return result.ok ? exitCodes.done : exitCodes.failed
  },
})
