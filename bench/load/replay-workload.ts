/** Load that replays what Envoy sent to an ext_proc server, without Envoy. Types only. */

/** The recording again and again, on one connection to each socket. */
export interface ReplayWorkload {
  readonly kind: "replay";
  /** Unix sockets of the server */
  readonly sockets: readonly string[];
  /** Where `writeRecording` wrote */
  readonly recording: string;
  /** Unmeasured time before the client says that it is ready, in `ms` */
  readonly warmUpMs: number;
  readonly durationMs: number;
}
