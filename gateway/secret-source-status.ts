/** How a source of a Secret does, as `clrk status` and `clrk get secrets` show it. Holds no value. */

/** One file, folder or command. */
export interface SecretSourceStatus {
  readonly namespace: string;
  /** Of the Secret */
  readonly name: string;
  /** Key that it gives; absent where it gives a whole Secret */
  readonly key?: string;
  readonly kind: "file" | "directory" | "command";
  /** Where it was named, such as `--secret openai=file:key`; of a command no argument */
  readonly origin: string;
  /**
   * `current`: the last reading gave the value that is in use; `stale`: later ones failed, and it stays; `missing`: there
   * never was one, or it has expired, and requests that need it are refused
   */
  readonly state: "current" | "stale" | "missing";
  /** When the value in use was read last, ISO 8601; absent when there is none */
  readonly readAt?: string;
  /** Until when it may be used, ISO 8601; absent when it does not say */
  readonly expiresAt?: string;
  /** Clause about why the last reading failed; empty when it did not */
  readonly failure: string;
  /** Clause about what deserves a change, such as a file that others can read; empty when nothing does */
  readonly warning: string;
}
