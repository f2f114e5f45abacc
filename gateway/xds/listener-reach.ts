/** Which listener has a connection: by what its first bytes look like, by the port that was dialled, then by shape. */

import type { ListenerShape, ListenerSnapshot, PortRange } from "../snapshot.ts";

/** What the first bytes looked like. */
export type Sniffed = "tls" | "http" | "raw";

/** How strongly a shape claims a connection that several listeners fit (higher wins). */
const shapePriority: Readonly<Record<ListenerShape, number>> = {
  "tls-terminate": 5,
  https: 4,
  http: 3,
  "tls-passthrough": 2,
  tcp: 1,
};

const fits: Readonly<Record<Sniffed, ReadonlySet<ListenerShape>>> = {
  tls: new Set(["tls-terminate", "https", "tls-passthrough", "tcp"]),
  http: new Set(["http", "tcp"]),
  raw: new Set(["tcp"]),
};

/** Those that take connections that look like this. */
export function fitting(
  listeners: readonly ListenerSnapshot[],
  kind: Sniffed,
): readonly ListenerSnapshot[] {
  return listeners.filter(({ shape }) => fits[kind].has(shape));
}

/** Ports that the listeners name, each once, in the order of the listeners. */
export function namedPorts(listeners: readonly ListenerSnapshot[]): readonly number[] {
  return [...new Set(listeners.flatMap(({ port }) => (port === undefined ? [] : [port])))];
}

/** Listeners for a dialled port, strongest first: one that names the port, then by shape. */
export function candidates(
  listeners: readonly ListenerSnapshot[],
  port: number | undefined,
): readonly ListenerSnapshot[] {
  return listeners
    .filter((listener) => listener.port === undefined || listener.port === port)
    .toSorted(
      (a, b) =>
        Number(b.port !== undefined) - Number(a.port !== undefined) ||
        shapePriority[b.shape] - shapePriority[a.shape],
    );
}

/** What a listener has of the connections of one kind. */
export interface ListenerReach {
  readonly kind: Sniffed;
  /** Whether it is the one that has them; else its rules only take some from another's */
  readonly isFirst: boolean;
  /** As `lostPorts()` gives them */
  readonly lostPorts: readonly number[];
}

/** What the listener has of all kinds that it fits. */
export function reachOf(
  listener: ListenerSnapshot,
  listeners: readonly ListenerSnapshot[],
): readonly ListenerReach[] {
  const kinds: readonly Sniffed[] = ["tls", "http", "raw"];
  return kinds
    .filter((kind) => fits[kind].has(listener.shape))
    .map((kind) => {
      const first = candidates(fitting(listeners, kind), listener.port)[0];
      return {
        kind,
        isFirst: first?.name === listener.name,
        lostPorts: lostPorts(listener, kind, listeners),
      };
    });
}

/** Ports, lowest first, whose connections of this kind others have, because they name them. */
export function lostPorts(
  { port }: ListenerSnapshot,
  kind: Sniffed,
  listeners: readonly ListenerSnapshot[],
): readonly number[] {
  if (port !== undefined) return [];
  return namedPorts(fitting(listeners, kind)).toSorted((left, right) => left - right);
}

/** The same of connections to these ports alone; to all where there are none. */
export function reachAt(
  reach: readonly ListenerReach[],
  ports: readonly PortRange[],
): readonly ListenerReach[] {
  if (ports.length === 0) return reach;
  const isMeant = (port: number) => ports.some(({ start, end }) => start <= port && port <= end);
  return reach.map((one) => ({ ...one, lostPorts: one.lostPorts.filter(isMeant) }));
}
