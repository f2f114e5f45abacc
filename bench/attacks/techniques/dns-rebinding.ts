/** Names that lead inside: at once, by CNAME, in one family of two, among public addresses, or only at a later answer. */
import { encodeClientHello } from "../../harness/client-hello.ts";
import type { AgentAccess } from "../../harness/agent-requests.ts";
import { requestThrough } from "../../harness/agent-requests.ts";
import { watchAddresses } from "../address-watch.ts";
import { head, sendInTunnel, sendToProxy, textOf } from "../attack-bytes.ts";
import { alternatingDomain, fixedNames, rebindingDomain } from "../attack-names.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Pauses in ms between requests to one name: Envoy asks again when an answer is older than its TTL, at the soonest after 5 s. */
const pausesMs = [0, 200, 5_500, 1_000, 5_500];

/** On a gateway that allows everything but what its guard refuses; where a connection comes out decides. */
export const dnsRebinding: Technique = {
  name: "dns-rebinding",
  about: "names that lead inside at once, by CNAME, by AAAA, or later",
  ownNetwork: true,
  prepare: async (rig) => {
    const { run } = await rig.gateway("open");
    const watch = await watchAddresses(rig.scope, 0);
    const { port } = watch;
    const ways = waysTo(run, port);
    return {
      control: async () => {
        const before = watch.outside;
        const [plain] = ways;
        await plain?.ask("public.test");
        return watch.outside > before;
      },
      countMore: () => watch.inside,
      attempts: ways.flatMap(({ name: way, ask }) => [
        ...fixedNames.map((name) => attempt(`${way} ${name}`, () => ask(name))),
        ...[rebindingDomain, alternatingDomain].map((domain) =>
          attempt(`${way} repeatedly, below ${domain}`, async () => {
            const name = `${way.replaceAll(/[^a-z]/gi, "-").toLowerCase()}.${domain}`;
            const answers: string[] = [];
            for (const pauseMs of pausesMs) {
              await new Promise((resolve) => setTimeout(resolve, pauseMs));
              answers.push(await ask(name).catch(String));
            }
            return answers.join("\n");
          }),
        ),
      ]),
    };
  },
};

interface Way {
  readonly name: string;
  readonly ask: (host: string) => Promise<string>;
}

function waysTo(run: AgentAccess, port: number): readonly Way[] {
  return [
    {
      name: "plain HTTP",
      ask: (host) =>
        sendToProxy(run, head(`GET http://${host}:${port}/ HTTP/1.1`, `Host: ${host}:${port}`)),
    },
    {
      name: "plain HTTP in a tunnel",
      ask: (host) =>
        sendInTunnel(run, `${host}:${port}`, head("GET / HTTP/1.1", `Host: ${host}:${port}`)),
    },
    {
      name: "intercepted TLS",
      ask: async (host) => textOf(await requestThrough(run, `https://${host}:${port}/`)),
    },
    { name: "raw bytes", ask: (host) => sendInTunnel(run, `${host}:${port}`, "\0raw") },
    {
      name: "TLS without interception",
      ask: (host) => sendInTunnel(run, `${host}:${port}`, encodeClientHello(host)),
    },
  ];
}
