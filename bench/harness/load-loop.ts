/**
 * A closed loop of requests through a gateway, for tests that do something to the gateway meanwhile. Every worker keeps
 * a tunnel for some requests and then opens another, so that old and new connections are both under way at any time.
 */
import type { TLSSocket } from "node:tls";
import { openSecureTunnel, requestThrough } from "./agent-requests.ts";
import type { AgentAccess } from "./agent-requests.ts";
import { httpOver } from "./http-over-socket.ts";

/** What is asked for, and by how many at a time. */
export interface LoadOptions {
  /** Worker count */
  readonly connections: number;
  /** `https` in tunnels, `http` in absolute form, each worker one of them in turn */
  readonly urls: readonly string[];
  /** Requests that a tunnel is used for; 8 when absent */
  readonly requestsPerTunnel?: number;
}

/** What came of the requests. */
export interface LoadOutcome {
  /** Answers by status */
  readonly statuses: ReadonlyMap<number, number>;
  /** What went wrong otherwise, one text each */
  readonly failures: readonly string[];
}

/** A running load. */
export interface Load {
  /** Requests answered so far */
  readonly answered: number;
  /** Lets every worker finish its request and resolves with the sums. */
  stop(): Promise<LoadOutcome>;
}

/** Starts the workers; none of them ever waits between requests. */
export function startLoad(run: AgentAccess, options: LoadOptions): Load {
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  let answered = 0;
  let stopping = false;
  const count = (status: number): void => {
    answered++;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const work = async (url: string): Promise<void> => {
    while (!stopping) {
      try {
        await roundTrips(run, url, { ...options, count, isOver: () => stopping });
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
        // A gateway that is not there answers at once: without a pause this would only burn the processor.
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  };
  const workers = Array.from({ length: options.connections }, (_, index) =>
    work(options.urls[index % options.urls.length] ?? ""),
  );
  return {
    get answered() {
      return answered;
    },
    stop: async () => {
      stopping = true;
      await Promise.all(workers);
      return { statuses, failures };
    },
  };
}

interface TripOptions extends LoadOptions {
  readonly count: (status: number) => void;
  readonly isOver: () => boolean;
}

async function roundTrips(run: AgentAccess, url: string, options: TripOptions): Promise<void> {
  const { count, isOver, requestsPerTunnel = 8 } = options;
  const { protocol, hostname, pathname } = new URL(url);
  if (protocol === "http:") {
    count((await requestThrough(run, url)).status);
    return;
  }
  const socket: TLSSocket = await openSecureTunnel(run, `${hostname}:443`);
  try {
    for (let left = requestsPerTunnel; left > 0 && !isOver(); left--) {
      const response = await httpOver(socket, { path: pathname, authority: hostname });
      if (!response.complete) throw new Error("Cannot read response: it was cut");
      count(response.status);
      // The gateway says so on connections that it is about to close.
      if (response.headers["connection"] === "close") return;
    }
  } finally {
    socket.destroy();
  }
}
