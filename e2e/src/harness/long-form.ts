/** Why a test that takes long is skipped; false with SERIN_LONG=1. */
export const unlessLong = process.env['SERIN_LONG'] === '1' ? false : 'The long form (SERIN_LONG=1) runs this.'
