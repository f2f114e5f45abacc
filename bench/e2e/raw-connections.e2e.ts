/**
 * Raw connections that are open while L4 rules change: once a revision is live, one that it does not allow is closed, and one that
 * it allows by the same entry of the same rule goes on.
 */
import type { Socket } from "node:net";
import t from "tap";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { waitUntil } from "../harness/processes.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";

const [first, second] = [await createTcpUpstream(), await createTcpUpstream()];
t.teardown(() => Promise.all([first.close(), second.close()]));
const names = ["one.test", "two.test"];
const aliases = [{ port: first.port, hostnames: names }];
const raw = (port: number) => ({ name: `raw-${port}`, protocol: "TCP", port });
const gatewayText = gatewayManifest({ aliases, listeners: [raw(first.port), raw(second.port)] });
const ports = [{ port: first.port }, { port: second.port }];
const route = (name: string, match: object) =>
  objectManifest("EgressL4Route", name, { rules: [{ matches: [match] }] });
const loopback = (port: number) => ({ destinationCIDRs: ["127.0.0.1/32"], ports: [{ port }] });
const denied = (name: string, match: object) =>
  route(name, match) +
  objectManifest("EgressDenyPolicy", name, {
    targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressL4Route", name }],
  });

/** An open connection, over which bytes have come back. */
interface Open {
  readonly target: string;
  readonly socket: Socket;
}

async function open(run: GatewayRun, target: string): Promise<Open> {
  const answer = await openThroughProxy(run.proxy, { target, authorization: run.authorization });
  if (answer.kind === "refused") throw new Error(`Cannot open "${target}": ${answer.body}`);
  const { socket } = answer;
  // A reset is an end as well.
  socket.on("error", () => {});
  const one = { target, socket };
  if (!(await echoes(one))) throw new Error(`Cannot open "${target}": closed`);
  return one;
}

/** Whether bytes still go there and back. */
function echoes({ socket }: Open): Promise<boolean> {
  if (socket.destroyed || socket.readableEnded) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (isOpen: boolean) => {
      socket.off("data", onData).off("close", onEnd).off("end", onEnd);
      resolve(isOpen);
    };
    const onData = () => finish(true);
    const onEnd = () => finish(false);
    socket.on("data", onData).on("close", onEnd).on("end", onEnd);
    socket.write("ping");
  });
}

const byName = { destinationHostnames: names, ports };
const byAddress = { destinationCIDRs: ["127.0.0.1/32"], ports };
const allowing = route("by-name", byName) + route("raw", byAddress);
const [one, two] = names.map((name) => `${name}:${first.port}`);
const [near, far] = [first, second].map(({ port }) => `127.0.0.1:${port}`);
const targets = [one, two, near, far].filter((target) => target !== undefined);

/** What of the four connections is closed by each change. */
const changes: readonly { name: string; text: string; closed: readonly (string | undefined)[] }[] =
  [
    {
      name: "another route is added",
      text: `${allowing}${route("more", { destinationHostnames: ["more.test"] })}`,
      closed: [],
    },
    {
      name: "a name is taken out of a rule",
      text:
        route("by-name", { ...byName, destinationHostnames: ["one.test"] }) +
        route("raw", byAddress),
      closed: [two],
    },
    {
      name: "a port is taken out of a rule",
      text: route("by-name", byName) + route("raw", loopback(first.port)),
      closed: [far],
    },
    {
      name: "a name is denied before",
      text: denied("a-denial", { destinationHostnames: ["one.test"] }) + allowing,
      // Connections by address may have been dialled by any name: all of them go.
      closed: [one, near, far],
    },
    {
      name: "a port is denied before",
      text: denied("a-denial", { ports: [{ port: second.port }] }) + allowing,
      closed: [far],
    },
  ];

for (const { name, text, closed } of changes) {
  t.test(`${name}: what is allowed no more is closed, and nothing else`, async (test) => {
    const gateway = await startGateway(test, {
      manifests: { "gateway.yaml": gatewayText, "rules.yaml": allowing },
    });
    const run = await gateway.registerRun("dialler");
    const opened = await Promise.all(targets.map((target) => open(run, target)));
    test.teardown(() => {
      for (const { socket } of opened) socket.destroy();
    });
    const startMs = performance.now();
    await gateway.change("rules.yaml", text);
    test.comment(`${name}: live in ${Math.round(performance.now() - startMs)} ms`);
    const states = await Promise.all(
      opened.map(async (it) => ({ target: it.target, isOpen: await echoes(it) })),
    );
    test.same(
      states.filter(({ isOpen }) => !isOpen).map(({ target }) => target),
      closed,
    );
    if (closed.length === 0) return;
    await waitUntil(() => gateway.records.some(({ kind }) => kind === "tcp"), {
      deadlineMs: 20_000,
      what: "record of the closed connection",
    });
  });
}
