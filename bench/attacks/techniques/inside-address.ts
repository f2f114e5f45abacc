/** Addresses of this machine, of its link and of its network in every form that some resolver, URL parser or C library takes. */
import { hostname, networkInterfaces } from "node:os";
import { encodeClientHello } from "../../harness/client-hello.ts";
import { exchange } from "../../harness/entrance.ts";
import type { GatewayRun } from "../../harness/gateway.ts";
import { openTcp } from "../../harness/proxy-protocol-client.ts";
import { arrives, head, sendInTunnel } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** IPv4 addresses of this machine. */
export function ownIpv4Addresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}

/** Every spelling of somewhere inside. */
export function insideHosts(): readonly string[] {
  const own = ownIpv4Addresses();
  return [
    ...["localhost", "LOCALHOST", "localhost.", "a.localhost", "ip6-localhost", hostname()],
    ...["127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254"],
    ...["2130706433", "017700000001", "0177.0.0.1", "0x7f000001", "0x7f.1", "0X7F.0.0.1"],
    ...["0", "0.0.0.0", "0x0", "127.0.0.1."],
    ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]"],
    ...["[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"],
    ...["[::1%lo]", "[::1%25lo]", "[fe80::1%lo]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"],
    ...[
      "169.254.169.254",
      "2852039166",
      "0xa9fea9fe",
      "100.100.100.200",
      "10.0.0.1",
      "192.168.0.1",
    ],
    ...own,
    ...own.map((address) => `[::ffff:${address}]`),
  ];
}

/** A way in which a run can ask for a host and port; it resolves with what came back. */
export interface InsideWay {
  readonly name: string;
  readonly ask: (host: string) => Promise<string>;
}

/** Every way of a run into `port` of a host. */
export function insideWays(run: GatewayRun, port: number): readonly InsideWay[] {
  const proxyLine = `Proxy-Authorization: ${run.authorization}\r\n`;
  const tunnel = async (host: string, bytes: string | Uint8Array): Promise<string> => {
    const connect = `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${proxyLine}\r\n`;
    const socket = await openTcp(run.proxy);
    const { text } = await exchange(socket, connect, { until: /\r\n\r\n/, keepOpen: true });
    if (!text.startsWith("HTTP/1.1 200")) {
      socket.destroy();
      return text;
    }
    return (await exchange(socket, bytes)).text;
  };
  return [
    {
      name: "plain HTTP in absolute form",
      ask: async (host) => {
        const authority = `${host}:${port}`;
        const line = proxyLine.trimEnd();
        const request = head(`GET http://${authority}/ HTTP/1.1`, `Host: ${authority}`, line);
        return (await exchange(await openTcp(run.proxy), request)).text;
      },
    },
    {
      name: "plain HTTP in a tunnel",
      ask: (host) => tunnel(host, head("GET / HTTP/1.1", `Host: ${host}:${port}`)),
    },
    { name: "raw bytes in a tunnel", ask: (host) => tunnel(host, "\0raw") },
    { name: "no bytes in a tunnel", ask: (host) => tunnel(host, "") },
    { name: "TLS passthrough in a tunnel", ask: (host) => tunnel(host, encodeClientHello(host)) },
  ];
}

/** On a gateway that allows everything but what its guard refuses. */
export const insideAddress: Technique = {
  name: "inside-address",
  about: "loopback, link and private addresses in every spelling",
  prepare: async (rig) => {
    const { run } = await rig.gateway("open");
    return {
      control: () =>
        arrives(rig, "plain.test", () =>
          sendInTunnel(run, "plain.test:80", head("GET /bytes/10 HTTP/1.1", "Host: plain.test")),
        ),
      attempts: insideWays(run, rig.trap.port).flatMap(({ name, ask }) =>
        insideHosts().map((host) => attempt(`${name}: ${host}`, () => ask(host))),
      ),
    };
  },
};
