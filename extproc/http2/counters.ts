/** What the server counts; one object for all its connections, read by whoever reports. */

import { ERROR } from "./protocol.ts";
import type { ErrorName } from "./protocol.ts";

/** What a peer did too often. */
export type FloodKind =
  | "early-resets"
  | "settings"
  | "pings"
  | "empty-frames"
  | "window-updates"
  | "ignored-frames"
  | "continuations"
  | "header-bytes";

/** Counts since the start, and gauges where they say so. */
export interface ServerCounters {
  /** Connections open now */
  connections: number;
  totalConnections: number;
  /** Connections that were closed at once, because of their number or their TLS */
  refusedConnections: number;
  /** Streams open now */
  openStreams: number;
  totalStreams: number;
  /** Streams over the limit or past a GOAWAY */
  refusedStreams: number;
  /** Streams that the peer reset, for whatever reason */
  resetStreams: number;
  /** Streams that we reset because their peer took too little of the answer */
  stalledStreams: number;
  /** Streams that we reset because more answers waited than may */
  overflownStreams: number;
  /** Connections that were closed because nothing came or went for too long */
  timedOutConnections: number;
  /** What peers did against the protocol, by the code we answered: streams and connections */
  readonly protocolErrors: Record<ErrorName, number>;
  /** Connections closed for a flood; they count as ENHANCE_YOUR_CALM above too */
  readonly floods: Record<FloodKind, number>;
}

/** All counts at zero. */
export function createCounters(): ServerCounters {
  return {
    connections: 0,
    totalConnections: 0,
    refusedConnections: 0,
    openStreams: 0,
    totalStreams: 0,
    refusedStreams: 0,
    resetStreams: 0,
    stalledStreams: 0,
    overflownStreams: 0,
    timedOutConnections: 0,
    protocolErrors: zeroErrors(),
    floods: {
      "early-resets": 0,
      settings: 0,
      pings: 0,
      "empty-frames": 0,
      "window-updates": 0,
      "ignored-frames": 0,
      continuations: 0,
      "header-bytes": 0,
    },
  };
}

function zeroErrors(): Record<ErrorName, number> {
  const errors = { ...ERROR } as Record<ErrorName, number>;
  for (const name of Object.keys(errors) as ErrorName[]) errors[name] = 0;
  return errors;
}
