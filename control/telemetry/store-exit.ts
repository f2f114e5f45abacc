/** How the store's process says by its exit code why it ended. */

/** Exit codes; the numbers are those of sysexits.h where it has one. */
export const storeExitCodes = {
  /** Could not open its directory or its socket */
  failed: 70,
  /** The engine is not there on this machine: starting it again changes nothing */
  unsupported: 78,
} as const;
