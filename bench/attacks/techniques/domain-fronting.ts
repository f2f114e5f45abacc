/** One name in the handshake, another in the request, a third one dialled: each pair, in a tunnel and captured. */
import { travel } from "../../harness/entrance.ts";
import type { Journey } from "../../harness/entrance.ts";
import { arrives, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** A journey that a test can name. */
export type NamedJourney = Journey & { readonly name: string };

/** Journeys by TLS or plain HTTP that disagree with themselves; `ca` is what the agent trusts. */
export function disagreements(ca: string): readonly NamedJourney[] {
  const secure = (host: string, authority?: string, servername?: string) =>
    secureJourney(ca, { host, authority, servername });
  return [
    { name: "authority of another allowed host", ...secure("allowed.test", "other.test") },
    { name: "authority of an unlisted host", ...secure("allowed.test", "unlisted.test") },
    { name: "SNI of another allowed host", ...secure("allowed.test", "other.test", "other.test") },
    {
      name: "SNI allowed, authority as dialled",
      ...secure("unlisted.test", "unlisted.test", "allowed.test"),
    },
    {
      name: "SNI and authority allowed, another dialled",
      ...secure("unlisted.test", "allowed.test", "allowed.test"),
    },
    { name: "authority with another port", ...secure("allowed.test", "allowed.test:8443") },
    { name: "authority with port 0", ...secure("allowed.test", "allowed.test:0") },
    { name: "authority with an empty port", ...secure("allowed.test", "allowed.test:") },
    { name: "user information of the name", ...secure("allowed.test", "allowed.test@other.test") },
    {
      name: "user information before the name",
      ...secure("allowed.test", "other.test@allowed.test"),
    },
    { name: "authority with a path in it", ...secure("allowed.test", "other.test/allowed.test") },
    { name: "authority that begins alike", ...secure("allowed.test", "allowed.test.other.test") },
    { name: "authority that ends alike", ...secure("allowed.test", "x.allowed.test") },
    { name: "authority with two ports", ...secure("allowed.test", "allowed.test:443:443") },
    { name: "authority with a padded port", ...secure("allowed.test", "allowed.test:0443") },
    { name: "authority that is an address", ...secure("allowed.test", "127.0.0.1") },
    { name: "a list of authorities", ...secure("allowed.test", "allowed.test, other.test") },
    { name: "authority with a blank", ...secure("allowed.test", "allowed.test other.test") },
    {
      name: "another port dialled than the authority says",
      ...secure("allowed.test"),
      dialled: { host: "allowed.test", port: 8443 },
    },
    {
      name: "plain authority of another allowed host",
      ...plainJourney("plain.test", "plain-other.test"),
    },
    {
      name: "plain authority of an unlisted host",
      ...plainJourney("plain.test", "plain-unlisted.test"),
    },
    { name: "plain authority with another port", ...plainJourney("plain.test", "plain.test:8080") },
  ];
}

/** A GET by TLS whose three names may differ; what is absent is `host`. */
export function secureJourney(
  ca: string,
  names: {
    readonly host: string;
    readonly authority?: string | undefined;
    readonly servername?: string | undefined;
  },
): Journey {
  const { host, authority = host, servername = host } = names;
  return {
    dialled: { host, port: 443 },
    servername,
    ca,
    request: { path: "/bytes/10", authority },
  };
}

/** The same by plain HTTP. */
export function plainJourney(host: string, authority = host): Journey {
  return { dialled: { host, port: 80 }, request: { path: "/bytes/10", authority } };
}

/** Protocols by which a journey can be made. */
export function protocolsOf({ servername }: Journey): readonly ("h1" | "h2")[] {
  return servername === undefined ? ["h1"] : ["h1", "h2"];
}

/** Every disagreement by every way in. */
export const domainFronting: Technique = {
  name: "domain-fronting",
  about: "SNI, authority and dialled name disagree",
  prepare: async (rig) => {
    const { run, entrances, explicit } = await rig.gateway("strict");
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await travel(explicit, secureJourney(run.ca, { host: "allowed.test" }))),
        ),
      isForbidden: () => true,
      attempts: entrances.flatMap((entrance) =>
        disagreements(run.ca).flatMap(({ name, ...journey }) =>
          protocolsOf(journey).map((protocol) =>
            attempt(`${entrance.name} ${protocol} ${name}`, async () =>
              textOf(await travel(entrance, { ...journey, protocol })),
            ),
          ),
        ),
      ),
    };
  },
};
