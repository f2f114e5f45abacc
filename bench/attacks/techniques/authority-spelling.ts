/** A host that no rule allows in spellings that a matcher could take for another: dots, case, ports, user information, escapes. */
import { travel } from "../../harness/entrance.ts";
import { arrives, head, sendInTls, sendToProxy, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import { secureJourney } from "./domain-fronting.ts";

const spellings = (host: string, port: number, allowed: string): readonly string[] => [
  host,
  host.toUpperCase(),
  `${host}.`,
  `${host}..`,
  `${host}:${port}`,
  `${host}.:${port}`,
  `${allowed}@${host}`,
  `${allowed}:80@${host}`,
  `${allowed}%40${host}`,
  `${host}#${allowed}`,
  `${host}?${allowed}`,
  `${host}\\@${allowed}`,
  `${host}%00.${allowed}`,
  `${host}%2f.${allowed}`,
  host.replace("t", "%74"),
  host.replace(".", "\u3002"),
  ` ${host}`,
  `${host}\t`,
  `xn--${host}`,
];

/** Each spelling dialled, in a handshake, and as the target of a plain request. */
export const authoritySpelling: Technique = {
  name: "authority-spelling",
  about: "an unlisted host by dots, case, ports, user information",
  prepare: async (rig) => {
    const { run, entrances, explicit } = await rig.gateway("strict");
    const plain = spellings("plain-unlisted.test", 80, "plain.test");
    const secure = spellings("unlisted.test", 443, "allowed.test");
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(
            await travel(
              explicit,
              secureJourney(run.ca, { host: "allowed.test", authority: "ALLOWED.test.:443" }),
            ),
          ),
        ),
      isForbidden: () => true,
      attempts: [
        ...plain.map((authority) =>
          attempt(`absolute form "${authority}"`, () =>
            sendToProxy(run, head(`GET http://${authority}/ HTTP/1.1`, `Host: ${authority}`)),
          ),
        ),
        ...plain.map((authority) =>
          attempt(`absolute form "${authority}" with an allowed Host`, () =>
            sendToProxy(run, head(`GET http://${authority}/ HTTP/1.1`, "Host: plain.test")),
          ),
        ),
        ...secure.map((authority) =>
          attempt(`Host "${authority}" in a tunnel to an unlisted host`, () =>
            sendInTls(run, "unlisted.test:443", head("GET / HTTP/1.1", `Host: ${authority}`)),
          ),
        ),
        ...entrances.flatMap((entrance) =>
          ["UNLISTED.test", "unlisted.test"].map((host) =>
            attempt(`${entrance.name} "${host}" in all places`, async () =>
              textOf(await travel(entrance, secureJourney(run.ca, { host }))),
            ),
          ),
        ),
      ],
    };
  },
};
