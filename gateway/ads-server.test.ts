/** Tests the ADS server over a Unix socket with a gRPC client in Envoy's place. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import t from "tap";
import type { Test } from "tap";
import type { AdsEvent, Publication } from "./ads-server.ts";
import { AdsServer } from "./ads-server.ts";
import { tryUnpackAny } from "./any.ts";
import type { CertificateProvider, Leaf, LeafAnswer, LeafChange } from "./certificate-provider.ts";
import type { Logger } from "./log.ts";
import { silentLogger } from "./log.ts";
import { aggregatedDiscoveryService } from "./proto/discovery-service.ts";
import type { envoy as discovery } from "./proto/gen/discovery.js";
import { envoy } from "./proto/gen/xds.js";
import { SecretValue } from "./secret-value.ts";
import { openAdsClient } from "./testdata/ads-client.ts";
import { eventually } from "./testdata/envoy-rig.ts";
import { RESOURCE, TYPE_URL } from "./xds.ts";

type Response = discovery.service.discovery.v3.IDeltaDiscoveryResponse;

const { Secret } = envoy.extensions.transport_sockets.tls.v3;
const token = "secret/default/openai/token";

function leafOf(version: string): Leaf {
  return {
    certificateChainPem: `CHAIN ${version}`,
    privateKeyPem: `KEY ${version}`,
    notAfterMs: 0,
    version,
  };
}

/** A provider whose answers the test decides. */
class FakeProvider implements CertificateProvider {
  readonly asked: string[] = [];
  readonly forgotten: string[] = [];
  readonly #subscribers = new Set<(change: LeafChange) => void>();
  answer: (serverName: string) => Promise<LeafAnswer> = async () => ({
    kind: "leaf",
    leaf: leafOf("1"),
  });

  find(serverName: string): Promise<LeafAnswer> {
    this.asked.push(serverName);
    return this.answer(serverName);
  }

  forget(serverName: string): void {
    this.forgotten.push(serverName);
  }

  subscribe(onChange: (change: LeafChange) => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  change(change: LeafChange): void {
    for (const subscriber of this.#subscribers) subscriber(change);
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }
}

async function openServer(t: Test) {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-ads-"));
  const socket = path.join(directory, "ads.sock");
  const events: AdsEvent[] = [];
  const warnings: string[] = [];
  const providers = new Map<string, FakeProvider>();
  const log: Logger = {
    ...silentLogger,
    warn: (message) => warnings.push(message),
    error: (message) => warnings.push(message),
  };
  const ads = new AdsServer({
    log,
    certificates: (gateway) => {
      const known = providers.get(gateway) ?? new FakeProvider();
      providers.set(gateway, known);
      return known;
    },
    onEvent: (event) => events.push(event),
  });
  const grpc = new Server();
  grpc.addService(aggregatedDiscoveryService, ads.handlers);
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.teardown(async () => {
    grpc.forceShutdown();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    ads,
    events,
    warnings,
    provider: (gateway = "default/a") => providers.get(gateway) ?? new FakeProvider(),
    connect: (node = "default/a") => openAdsClient(t, socket, node),
    liveRevisions: () => events.flatMap((event) => (event.kind === "live" ? [event.revision] : [])),
  };
}

interface PublicationFields {
  readonly credentials?: Readonly<Record<string, string>>;
  readonly clusters?: readonly string[];
  readonly listeners?: readonly string[];
  readonly trust?: string;
}

/** Resources named `name=text`; the text is their value. */
function publication(revision: number, fields: PublicationFields = {}): Publication {
  const { credentials = {}, clusters = ["c=1"], listeners = ["l=1"], trust = "ROOTS" } = fields;
  const resourceOf = (typeUrl: string) => (text: string) => ({
    typeUrl,
    name: text.split("=")[0] ?? "",
    value: Buffer.from(text),
  });
  return {
    revision,
    resources: [
      ...clusters.map(resourceOf(TYPE_URL.cluster)),
      ...listeners.map(resourceOf(TYPE_URL.listener)),
    ],
    credentials: new Map(
      Object.entries(credentials).map(([name, value]) => [name, new SecretValue(value)]),
    ),
    upstreamTrustPem: trust,
  };
}

function secretIn(
  response: Response,
): envoy.extensions.transport_sockets.tls.v3.Secret | undefined {
  return tryUnpackAny(response.resources?.[0]?.resource ?? {}, Secret);
}

t.test("publish() is live only when all types were accepted", async (t) => {
  const { ads, connect, events, liveRevisions } = await openServer(t);
  ads.publish("default/a", publication(1));
  const client = connect();
  client.send(TYPE_URL.cluster);
  const clusters = await client.received(0);
  client.answer(clusters);
  client.send(TYPE_URL.listener);
  const listeners = await client.received(1);
  t.same(liveRevisions(), [], "the listeners are on their way");
  client.answer(listeners);
  await eventually(() => liveRevisions()[0]);
  t.same(events, [
    { kind: "connected", gateway: "default/a" },
    { kind: "live", gateway: "default/a", revision: 1 },
  ]);
  ads.publish("default/a", publication(2));
  t.same(liveRevisions(), [1, 2], "what Envoy holds already is live at once");
  t.equal(client.responses.length, 2);
});

t.test("publish() sends only resources whose bytes changed", async (t) => {
  const { ads, connect } = await openServer(t);
  ads.publish("default/a", publication(1, { clusters: ["a=1", "b=1"] }));
  const client = connect();
  client.send(TYPE_URL.cluster);
  client.answer(await client.received(0));
  ads.publish("default/a", publication(2, { clusters: ["a=1", "b=2"] }));
  const second = await client.received(1);
  t.same(
    second.resources?.map(({ name }) => name),
    ["b"],
  );
});

t.test("publish() reports a rejection, is not live, and recovers", async (t) => {
  const { ads, connect, events, liveRevisions } = await openServer(t);
  ads.publish("default/a", publication(1));
  const client = connect();
  client.send(TYPE_URL.cluster);
  client.send(TYPE_URL.listener);
  client.answer(await client.received(0));
  client.answer(await client.received(1), "l is not valid");
  const rejected = await eventually(() => events.find(({ kind }) => kind === "rejected"));
  t.same(rejected, {
    kind: "rejected",
    gateway: "default/a",
    revision: 1,
    typeUrl: TYPE_URL.listener,
    names: ["l"],
    message: "l is not valid",
  });
  ads.publish("default/a", publication(2, { clusters: ["c=2"] }));
  client.answer(await client.received(2));
  const again = await client.received(3);
  t.same(
    again.resources?.map(({ name }) => name),
    ["l"],
    "the listener is not taken for accepted",
  );
  client.answer(again, "l is not valid");
  await eventually(() =>
    events.filter(({ kind }) => kind === "rejected").length === 2 ? true : undefined,
  );
  t.same(liveRevisions(), []);
  ads.publish("default/a", publication(3, { clusters: ["c=2"], listeners: ["l=2"] }));
  client.answer(await client.received(4));
  await eventually(() => liveRevisions()[0]);
  t.same(liveRevisions(), [3]);
});

t.test("publish() is live although a rejection of what it replaced comes late", async (t) => {
  const { ads, connect, liveRevisions } = await openServer(t);
  ads.publish("default/a", publication(1, { listeners: [] }));
  const client = connect();
  client.send(TYPE_URL.cluster);
  const first = await client.received(0);
  ads.publish("default/a", publication(2, { clusters: ["c=2"], listeners: [] }));
  const second = await client.received(1);
  client.answer(first, "c is not valid");
  client.answer(second);
  await eventually(() => liveRevisions()[0]);
  t.same(liveRevisions(), [2]);
});

t.test("handlers answer a server name with its leaf under the exact name", async (t) => {
  const { ads, connect, provider } = await openServer(t);
  ads.publish("default/a", publication(1));
  const client = connect();
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: ["API.example.com."] });
  const response = await client.received(0);
  const secret = secretIn(response);
  t.equal(response.resources?.[0]?.version, "1");
  t.equal(secret?.name, "API.example.com.");
  t.equal(secret?.tlsCertificate?.certificateChain?.inlineString, "CHAIN 1");
  t.equal(secret?.tlsCertificate?.privateKey?.inlineString, "KEY 1");
  t.same(provider().asked, ["API.example.com."]);
  client.send(TYPE_URL.secret, { resourceNamesUnsubscribe: ["API.example.com."] });
  await eventually(() => provider().forgotten[0]);
  t.same(provider().forgotten, ["API.example.com."]);
});

t.test("handlers refuse a server name by its removal and ask again next time", async (t) => {
  const { ads, connect, provider } = await openServer(t);
  ads.publish("default/a", publication(1));
  provider().answer = async () => ({ kind: "refused", reason: "malformed-name", message: "No" });
  const client = connect();
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: ["a..b"] });
  t.same((await client.received(0)).removedResources, ["a..b"]);
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: ["a..b"] });
  t.same((await client.received(1)).removedResources, ["a..b"]);
  t.same(provider().asked, ["a..b", "a..b"]);
});

t.test("handlers send a renewed leaf and the removal of an evicted one", async (t) => {
  const { ads, connect, provider } = await openServer(t);
  ads.publish("default/a", publication(1));
  const client = connect();
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: ["a.example.com", "b.example.com"] });
  await client.received(1);
  provider().change({ kind: "renewed", serverName: "a.example.com", leaf: leafOf("2") });
  t.equal((await client.received(2)).resources?.[0]?.version, "2");
  provider().change({ kind: "evicted", serverName: "b.example.com" });
  t.same((await client.received(3)).removedResources, ["b.example.com"]);
  provider().change({ kind: "renewed", serverName: "b.example.com", leaf: leafOf("2") });
  provider().change({ kind: "renewed", serverName: "c.example.com", leaf: leafOf("2") });
  provider().change({ kind: "renewed", serverName: "a.example.com", leaf: leafOf("3") });
  t.equal(
    (await client.received(4)).resources?.[0]?.version,
    "3",
    "names not subscribed are not sent",
  );
});

t.test(
  "publish() changes, removes and brings back credentials of those who subscribed",
  async (t) => {
    const { ads, connect } = await openServer(t);
    const send = (revision: number, value: string | undefined) =>
      ads.publish(
        "default/a",
        publication(revision, { credentials: value === undefined ? {} : { [token]: value } }),
      );
    send(1, "sk-1");
    const client = connect();
    client.send(TYPE_URL.secret, { resourceNamesSubscribe: [token] });
    const valueAt = async (index: number) =>
      secretIn(await client.received(index))?.genericSecret?.secret?.inlineString;
    t.equal(await valueAt(0), "sk-1");
    send(2, "sk-2");
    t.equal(await valueAt(1), "sk-2");
    send(3, undefined);
    t.same((await client.received(2)).removedResources, [token]);
    send(4, "sk-2");
    t.equal(await valueAt(3), "sk-2", "the subscription outlives the credential");
    t.equal(client.responses.length, 4);
  },
);

t.test("publish() sends credentials before the routes that refer to them", async (t) => {
  const { ads, connect } = await openServer(t);
  ads.publish("default/a", publication(1, { credentials: { [token]: "sk-1" } }));
  const client = connect();
  client.send(TYPE_URL.cluster);
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: [token] });
  await client.received(1);
  ads.publish("default/a", publication(2, { clusters: ["c=2"], credentials: { [token]: "sk-2" } }));
  await client.received(3);
  t.same(
    client.responses.slice(2).map(({ typeUrl }) => typeUrl),
    [TYPE_URL.secret, TYPE_URL.cluster],
  );
});

t.test("publish() sends new upstream roots", async (t) => {
  const { ads, connect } = await openServer(t);
  ads.publish("default/a", publication(1));
  const client = connect();
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: [RESOURCE.upstreamTrust] });
  const rootsAt = async (index: number) =>
    secretIn(await client.received(index))?.validationContext?.trustedCa?.inlineString;
  t.equal(await rootsAt(0), "ROOTS");
  ads.publish("default/a", publication(2, { trust: "MORE" }));
  t.equal(await rootsAt(1), "MORE");
});

const foreign = [
  "secret/default/other/token",
  "secret/",
  "otlp/default/a/authorization",
  "trust/other",
];

for (const name of foreign) {
  t.test(`handlers never answer "${name}", which is no credential of the gateway`, async (t) => {
    const { ads, connect, provider } = await openServer(t);
    const credentials = { "otlp/default/a/authorization": "canary" };
    ads.publish("default/a", publication(1, { credentials }));
    ads.publish(
      "default/b",
      publication(1, { credentials: { "secret/default/other/token": "canary" } }),
    );
    provider().answer = async () => ({ kind: "refused", reason: "malformed-name", message: "No" });
    const client = connect();
    client.send(TYPE_URL.secret, { resourceNamesSubscribe: [name] });
    t.match(await client.received(0), { resources: [], removedResources: [name] });
  });
}

t.test("handlers keep two gateways apart", async (t) => {
  const { ads, connect, provider } = await openServer(t);
  ads.publish("default/a", publication(1, { clusters: ["c=a"], credentials: { [token]: "sk-a" } }));
  ads.publish("default/b", publication(1, { clusters: ["c=b"], credentials: { [token]: "sk-b" } }));
  const [a, b] = [connect("default/a"), connect("default/b")];
  for (const client of [a, b]) {
    client.send(TYPE_URL.cluster);
    client.send(TYPE_URL.secret, { resourceNamesSubscribe: [token, "x.example.com"] });
    await client.received(2);
  }
  t.match(JSON.stringify(a.responses.map((response) => secretIn(response))), /sk-a/);
  t.match(JSON.stringify(b.responses.map((response) => secretIn(response))), /sk-b/);
  t.notMatch(JSON.stringify(a.responses.map((response) => secretIn(response))), /sk-b/);
  const clusterOf = ({ responses }: typeof a) =>
    Buffer.from(responses[0]?.resources?.[0]?.resource?.value ?? []).toString();
  t.same([clusterOf(a), clusterOf(b)], ["c=a", "c=b"]);
  provider("default/a").change({ kind: "evicted", serverName: "x.example.com" });
  t.same((await a.received(3)).removedResources, ["x.example.com"]);
  t.equal(b.responses.length, 3);
});

t.test("handlers end the stream of an unknown node, and say so once", async (t) => {
  const { ads, connect, events, warnings } = await openServer(t);
  ads.publish("default/a", publication(1));
  for (const node of ["default/other", ""]) {
    const client = connect(node);
    for (let index = 0; index < 3; index++) client.send(TYPE_URL.cluster);
    await eventually(() => client.isEnded() || undefined);
    t.equal(client.responses.length, 0);
  }
  t.same(warnings, ["Cannot serve an unknown Envoy", "Cannot serve an unknown Envoy"]);
  t.same(events, []);
});

t.test("handlers end a stream that its client ends without a word", async (t) => {
  const { connect } = await openServer(t);
  const client = connect();
  client.end();
  t.ok(await eventually(() => client.isEnded() || undefined));
});

t.test("handlers answer after an Envoy is gone without harm", async (t) => {
  const { ads, connect, provider, events } = await openServer(t);
  ads.publish("default/a", publication(1));
  let release = () => {};
  provider().answer = () =>
    new Promise((resolve) => {
      release = () => resolve({ kind: "leaf", leaf: leafOf("1") });
    });
  const client = connect();
  client.send(TYPE_URL.secret, { resourceNamesSubscribe: ["slow.example.com"] });
  await eventually(() => provider().asked[0]);
  client.end();
  await eventually(() => events.find(({ kind }) => kind === "disconnected"));
  release();
  ads.publish("default/a", publication(2));
  t.same(
    events.map(({ kind }) => kind),
    ["connected", "disconnected"],
  );
});

t.test("handlers give a reconnecting Envoy the present state", async (t) => {
  const { ads, connect, liveRevisions } = await openServer(t);
  ads.publish("default/a", publication(1, { listeners: [] }));
  const first = connect();
  first.send(TYPE_URL.cluster);
  const held = await first.received(0);
  first.answer(held);
  await eventually(() => liveRevisions()[0]);
  first.end();
  ads.publish("default/a", publication(2, { clusters: ["c=1", "d=1"], listeners: [] }));
  const second = connect();
  const initialResourceVersions = { c: held.resources?.[0]?.version ?? "" };
  second.send(TYPE_URL.cluster, { initialResourceVersions });
  const response = await second.received(0);
  t.same(
    response.resources?.map(({ name }) => name),
    ["d"],
  );
  second.answer(response);
  await eventually(() => liveRevisions()[1]);
  t.same(liveRevisions(), [1, 2]);
});

t.test(
  "remove() ends the stream, the subscription and everything known of the gateway",
  async (t) => {
    const { ads, connect, provider, events } = await openServer(t);
    ads.publish("default/a", publication(1));
    const client = connect();
    client.send(TYPE_URL.cluster);
    await client.received(0);
    t.equal(provider().subscribers, 1);
    ads.remove("default/a");
    ads.remove("default/a");
    t.equal(provider().subscribers, 0);
    await eventually(() => client.isEnded() || undefined);
    t.same(
      events.map(({ kind }) => kind),
      ["connected", "disconnected"],
    );
    const late = connect();
    late.send(TYPE_URL.cluster);
    await eventually(() => late.isEnded() || undefined);
  },
);

t.test("handlers end the stream of an Envoy that answers nothing", async (t) => {
  const { ads, connect, warnings } = await openServer(t);
  ads.publish("default/a", publication(0));
  const client = connect();
  client.send(TYPE_URL.cluster);
  await client.received(0);
  for (let revision = 1; revision <= 10_000; revision++) {
    ads.publish("default/a", publication(revision, { clusters: [`c=r${revision}`] }));
  }
  await eventually(() => client.isEnded() || undefined);
  t.same(warnings, ["ADS stream ended"]);
});
