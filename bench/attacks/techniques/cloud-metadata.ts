/** Metadata services of clouds on their own addresses and names, which answer to whoever asks with the machine's credentials. */
import { capturedCaller, exchange } from "../../harness/entrance.ts";
import { openWithProxyHeader } from "../../harness/proxy-protocol-client.ts";
import { watchAddresses } from "../address-watch.ts";
import { head, sendInTunnel, sendToProxy } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Amazon, Google and Azure; ECS; EKS; Alibaba; Oracle; and spellings of the first. */
const hosts: readonly string[] = [
  ...["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192"],
  ...["[fd00:ec2::254]", "[fd00:ec2::23]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"],
  ...[
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
  ],
  ...["0251.0376.0251.0376", "025177524776", "169.254.43518", "169.16689662", "169.254.169.254."],
  ...["metadata.google.internal", "metadata.google.internal.", "METADATA.google.internal"],
  ...["metadata.test", "[fe80::a9fe:a9fe%25lo]"],
];

const captured = ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"];

/** Something listens on all of them, so that a connection would be seen. */
export const cloudMetadata: Technique = {
  name: "cloud-metadata",
  about: "metadata services by address, spelling, name and capture",
  ownNetwork: true,
  prepare: async (rig) => {
    const { run, gateway } = await rig.gateway("open");
    const listener = await gateway.transparent();
    const watch = await watchAddresses(rig.scope, 80);
    const path = "/latest/meta-data/iam/security-credentials/";
    const lines = (host: string) => [`Host: ${host}`, "Metadata-Flavor: Google", "Metadata: true"];
    const ask = (host: string) =>
      sendToProxy(run, head(`GET http://${host}${path} HTTP/1.1`, ...lines(host)));
    return {
      control: async () => {
        const before = watch.outside;
        await ask("public.test");
        return watch.outside > before;
      },
      countMore: () => watch.inside,
      attempts: [
        ...hosts.map((host) => attempt(`absolute form ${host}`, () => ask(host))),
        ...hosts.map((host) =>
          attempt(`in a tunnel ${host}`, () =>
            sendInTunnel(run, `${host}:80`, head(`GET ${path} HTTP/1.1`, ...lines(host))),
          ),
        ),
        ...hosts.map((host) =>
          attempt(`raw bytes ${host}`, () => sendInTunnel(run, `${host}:80`, "\0raw")),
        ),
        ...captured.flatMap((address) =>
          ["", "public.test", "metadata.google.internal"].map((destinationName) =>
            attempt(`captured ${address} as "${destinationName}"`, async () => {
              const socket = await openWithProxyHeader(listener, {
                source: {
                  address: address.includes(":") ? "2001:db8::7" : "198.51.100.7",
                  port: 40_000,
                },
                destination: { address, port: 80 },
                identity: { ...capturedCaller, ...(destinationName && { destinationName }) },
              });
              const request = head(`GET ${path} HTTP/1.1`, ...lines(destinationName || address));
              return (await exchange(socket, request, { deadlineMs: 1_500 })).text;
            }),
          ),
        ),
      ],
    };
  },
};
