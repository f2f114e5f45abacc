/** How we connect to NATS: it goes on trying for ever, and the packages are loaded when it is first needed. */

import type { NatsConnection } from "@nats-io/transport-node";

/** Where NATS is. */
export interface NatsServers {
  /** `nats://host:port` or `tls://host:port`, without credentials; any of them is asked */
  readonly servers: readonly string[];
  /** Contents of a NATS credentials file; absent: none are sent */
  readonly credentials?: Uint8Array;
}

/** Pauses of a connection in `ms`. */
export interface NatsTimes {
  /** Longest wait for the first answer */
  readonly connectMs: number;
  readonly reconnectMs: number;
  readonly pingMs: number;
}

/** Connects; rejects where no server answers in time. */
export async function connectNats(
  { servers, credentials }: NatsServers,
  { connectMs, reconnectMs, pingMs }: NatsTimes,
): Promise<NatsConnection> {
  const { connect, credsAuthenticator } = await import("@nats-io/transport-node");
  return await connect({
    servers: [...servers],
    name: "clrk",
    timeout: connectMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    pingInterval: pingMs,
    ...(servers.some((server) => server.startsWith("tls:")) && { tls: {} }),
    ...(credentials !== undefined && { authenticator: credsAuthenticator(credentials) }),
  });
}
