/**
 * Connections that are open while rules change: once a change is told to be live, no request that begins later is decided by
 * what was before it, whatever the connection is and whenever it was opened; and nothing that a change does not touch is cut.
 */
import type { Duplex } from "node:stream";
import t from "tap";
import { openSecureTunnel } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { httpOver, openHttp2 } from "../harness/http-over-socket.ts";
import type { HttpResponse } from "../harness/http-over-socket.ts";
import { waitUntil } from "../harness/processes.ts";
import { openTcp } from "../harness/proxy-protocol-client.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["kept.test"], plainHosts: ["plain.test"] });
const manifest = (spec: object = {}) => gatewayManifest({ ...upstreams, spec });
const allows = objectManifest("EgressHTTPRoute", "allows", {
  hostnames: ["kept.test", "plain.test"],
  rules: [{}],
});
const section = (sectionName: string) => [
  { group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress", sectionName },
];
/** What stays allowed, so that each change below differs from "nothing is allowed" by what it is about. */
const other = (spec: object) =>
  objectManifest("EgressHTTPRoute", "other", { hostnames: ["other.test"], rules: [{}], ...spec });

const bounded = (maxBytes: number) => ({
  type: "RequestSizeLimit",
  requestSizeLimit: { maxBytes },
});
const tcp = (port: number) => ({ name: "raw", protocol: "TCP", port });

/** A connection that an agent keeps. */
interface Kept {
  request(path: string): Promise<HttpResponse>;
  close(): void;
}

const path = "/status/418";

function keptHttp1(socket: Duplex, target: string, authority: string, headers = {}): Kept {
  return {
    request: async (wanted) => {
      if (socket.destroyed) throw new Error(`Cannot ask "${authority}": the connection was closed`);
      return httpOver(socket, { path: `${target}${wanted}`, authority, headers });
    },
    close: () => socket.destroy(),
  };
}

const kinds: Record<string, (run: GatewayRun) => Promise<Kept>> = {
  "HTTP/1 in a tunnel": async (run) =>
    keptHttp1(await openSecureTunnel(run, "kept.test:443"), "", "kept.test"),
  "HTTP/2 in a tunnel": async (run) => {
    const connection = openHttp2(await openSecureTunnel(run, "kept.test:443", "h2"));
    return {
      request: (wanted) => connection.request({ path: wanted, authority: "kept.test" }),
      close: () => connection.close(),
    };
  },
  "plain HTTP": async (run) =>
    keptHttp1(await openTcp(run.proxy), "http://plain.test", "plain.test", {
      "proxy-authorization": run.authorization,
    }),
};

/** One request of a loop; what broke has no status. */
interface Sample {
  readonly kind: string;
  readonly atMs: number;
  readonly status: number | undefined;
}

/** Asks on one kept connection after the other until it is stopped. */
async function keepAsking(run: GatewayRun, kind: string, samples: Sample[], signal: AbortSignal) {
  let kept: Kept | undefined;
  while (!signal.aborted) {
    const atMs = performance.now();
    try {
      kept ??= await kinds[kind]?.(run);
      const response = await kept?.request(path);
      samples.push({ kind, atMs, status: response?.status });
      if (response?.headers["connection"] === "close") kept = undefined;
    } catch {
      samples.push({ kind, atMs, status: undefined });
      // The rate of an agent's new connections is limited.
      await new Promise((resolve) => setTimeout(resolve, 10));
      kept?.close();
      kept = undefined;
    }
  }
  kept?.close();
}

/** Connections that were used once and then left alone. */
async function leaveOpen(run: GatewayRun): Promise<{ kind: string; kept: Kept }[]> {
  const left: { kind: string; kept: Kept }[] = [];
  for (const [kind, open] of Object.entries(kinds)) {
    const kept = await open(run);
    await kept.request(path);
    left.push({ kind, kept });
  }
  return left;
}

/** Every loop has been answered. */
async function untilAllowed(samples: readonly Sample[]): Promise<void> {
  const allowed = (kind: string) =>
    samples.some((sample) => sample.kind === kind && sample.status === 418);
  await waitUntil(() => Object.keys(kinds).every(allowed), {
    deadlineMs: 10_000,
    what: "allowed requests",
  });
}

/** Every loop has asked several times since now. */
async function untilLater(samples: readonly Sample[]): Promise<void> {
  const nowMs = performance.now();
  const later = (kind: string) =>
    samples.filter((sample) => sample.kind === kind && sample.atMs > nowMs).length >= 3;
  await waitUntil(() => Object.keys(kinds).every(later), {
    deadlineMs: 10_000,
    what: "later requests",
  });
}

async function statusOn(kept: Kept): Promise<number | undefined> {
  return kept.request(path).then(
    ({ status }) => status,
    () => undefined,
  );
}

/** Each takes away what allowed the hosts, and something else with it; `text` is the whole of what is said then. */
const changes: readonly { readonly name: string; readonly text: string }[] = [
  { name: "a route goes", text: manifest() + other({}) },
  {
    name: "a route goes and another names its listener",
    text: manifest() + other({ parentRefs: section("http") }),
  },
  {
    name: "a route goes and another bounds its bodies",
    text: manifest() + other({ rules: [{ filters: [bounded(1_000)] }] }),
  },
  {
    name: "a route goes and all headers are bounded",
    text: manifest({ limits: { maxRequestHeaderBytes: 16_384 } }) + other({}),
  },
  {
    name: "a route goes and raw connections are routed",
    text:
      manifest({ listeners: [...interceptingListeners, tcp(6_000)] }) +
      objectManifest("EgressL4Route", "raw", {
        rules: [{ matches: [{ destinationHostnames: ["raw.test"], ports: [{ port: 6_000 }] }] }],
      }),
  },
  {
    name: "its listeners go",
    text: manifest({ listeners: [tcp(6_000)] }) + allows,
  },
  {
    name: "its listeners move to other ports",
    text:
      manifest({
        listeners: interceptingListeners.map((one, index) => ({ ...one, port: 8_443 + index })),
      }) + allows,
  },
];

for (const { name, text } of changes) {
  t.test(`${name}: nothing that begins when it is live is decided as before`, async (test) => {
    const gateway = await startGateway(test, { manifests: { "rules.yaml": manifest() + allows } });
    const run = await gateway.registerRun("keeper");
    const left = await leaveOpen(run);
    test.teardown(() => {
      for (const { kept } of left) kept.close();
    });
    const stop = new AbortController();
    test.teardown(() => stop.abort());
    const samples: Sample[] = [];
    const loops = Object.keys(kinds).map((kind) => keepAsking(run, kind, samples, stop.signal));
    await untilAllowed(samples);
    const startMs = performance.now();
    await gateway.change("rules.yaml", text);
    const liveMs = performance.now();
    const late = await Promise.all(
      left.map(async ({ kind, kept }) => ({ kind, status: await statusOn(kept) })),
    );
    await untilLater(samples);
    stop.abort();
    await Promise.all(loops);
    test.comment(`${name}: live in ${Math.round(liveMs - startMs)} ms`);
    for (const kind of Object.keys(kinds)) {
      const since = samples.filter((sample) => sample.kind === kind && sample.atMs >= liveMs);
      const passed = since.filter(({ status }) => status === 418);
      test.equal(passed.length, 0, `${kind}: ${passed.length} of ${since.length} passed after it`);
    }
    test.same(
      late.filter(({ status }) => status === 418),
      [],
      "connections that were left alone",
    );
  });
}
