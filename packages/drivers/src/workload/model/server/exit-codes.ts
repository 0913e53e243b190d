/** How the server process ends, for whoever started it. */
export const exitCodes = {
  /** It was told to go and has finished everything. */
  done: 0,
  /** The command line is wrong. */
  usage: 64,
  /** The model cannot be loaded or is not the one it should be: another try would end the same way. The last line on stderr says why. */
  unloadable: 65,
  /** The engine broke while it served: another process may do better. */
  engineBroken: 70,
  /** The port is taken. */
  portInUse: 98,
} as const
