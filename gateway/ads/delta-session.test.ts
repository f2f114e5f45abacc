/** Tests the Delta protocol without I/O: subscriptions, answers, rejections, and a model of Envoy's side. */
import t from "tap";
import { envoy } from "../proto/gen/discovery.js";
import type { DeltaOutcome, ResourceSet, VersionedResource } from "./delta-session.ts";
import { DeltaSession } from "./delta-session.ts";

type Response = envoy.service.discovery.v3.IDeltaDiscoveryResponse;
type RequestFields = envoy.service.discovery.v3.IDeltaDiscoveryRequest;

const CLUSTER = "type/Cluster";
const LISTENER = "type/Listener";
const ROUTE = "type/Route";
const SECRET = "type/Secret";

/** A session with everything that it said. */
function openSession() {
  const sent: Response[] = [];
  const outcomes: DeltaOutcome[] = [];
  const wanted: string[] = [];
  const dropped: string[] = [];
  const session = new DeltaSession({
    send: (response) => sent.push(response),
    onOutcome: (outcome) => outcomes.push(outcome),
    onNamesWanted: (typeUrl, names) => wanted.push(...names.map((name) => `${typeUrl} ${name}`)),
    onNamesDropped: (typeUrl, names) => dropped.push(...names.map((name) => `${typeUrl} ${name}`)),
  });
  const request = (typeUrl: string, fields: RequestFields = {}) =>
    session.handle(envoy.service.discovery.v3.DeltaDiscoveryRequest.create({ typeUrl, ...fields }));
  const acknowledge = (response: Response | undefined, rejection?: string) =>
    request(response?.typeUrl ?? "", {
      responseNonce: response?.nonce ?? "",
      ...(rejection !== undefined && { errorDetail: { code: 3, message: rejection } }),
    });
  return { session, sent, outcomes, wanted, dropped, request, acknowledge };
}

function setOf(...entries: readonly string[]): ResourceSet {
  const resources = entries.map((entry): VersionedResource => {
    const [name = "", version = "1"] = entry.split("@");
    return { name, version, any: { typeUrl: "x", value: Buffer.from(entry) } };
  });
  return new Map(resources.map((resource) => [resource.name, resource]));
}

function resource(entry: string): VersionedResource {
  const [found] = setOf(entry).values();
  if (found === undefined) throw new TypeError("setOf() gives one resource for one entry");
  return found;
}

/** `type: name@version …, -removed …` of each response. */
function summaries(sent: readonly Response[]): string[] {
  return sent.map(({ typeUrl, resources, removedResources }) => {
    const parts = [
      ...(resources ?? []).map(({ name, version }) => `${name}@${version}`),
      ...(removedResources ?? []).map((name) => `-${name}`),
    ];
    return `${typeUrl?.slice(5)}: ${parts.join(" ")}`;
  });
}

t.test("handle() answers an initial request without names with everything", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf("a", "b")]]));
  t.same(sent, [], "nothing is sent before Envoy asks");
  request(CLUSTER);
  t.same(summaries(sent), ["Cluster: a@1 b@1"]);
});

t.test("handle() answers an initial request with names with those only", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(1, new Map([[ROUTE, setOf("a", "b")]]));
  request(ROUTE, { resourceNamesSubscribe: ["b", "c"] });
  t.same(summaries(sent), ["Route: b@1 -c"]);
  session.publish(2, new Map([[ROUTE, setOf("a@2", "b", "c@2")]]));
  t.same(
    summaries(sent).slice(1),
    ["Route: c@2"],
    "a name that was absent is sent when it is there",
  );
});

t.test("handle() sends a name again to whoever subscribes again", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(1, new Map([[ROUTE, setOf("a")]]));
  request(ROUTE, { resourceNamesSubscribe: ["a"] });
  request(ROUTE, { resourceNamesSubscribe: ["a"] });
  t.same(summaries(sent), ["Route: a@1", "Route: a@1"]);
});

t.test("handle() sends nothing that was unsubscribed", async (t) => {
  const { session, sent, dropped, request } = openSession();
  session.publish(1, new Map([[ROUTE, setOf("a", "b")]]));
  request(ROUTE, { resourceNamesSubscribe: ["a", "b"] });
  request(ROUTE, { resourceNamesUnsubscribe: ["a"] });
  session.publish(2, new Map([[ROUTE, setOf("a@2", "b@2")]]));
  t.same(summaries(sent).slice(1), ["Route: b@2"]);
  t.same(dropped, ["type/Route a"]);
  session.publish(3, new Map([[ROUTE, setOf("b@2")]]));
  t.equal(sent.length, 2, "the removal of a name that nobody holds is not sent");
});

t.test("handle() takes a later wildcard for everything that is not held", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(1, new Map([[ROUTE, setOf("a", "b")]]));
  request(ROUTE, { resourceNamesSubscribe: ["a"] });
  request(ROUTE, { resourceNamesSubscribe: ["*"] });
  t.same(summaries(sent), ["Route: a@1", "Route: b@1"]);
  request(ROUTE, { resourceNamesUnsubscribe: ["*"] });
  session.publish(2, new Map([[ROUTE, setOf("a@2", "b@2")]]));
  t.same(summaries(sent).slice(2), ["Route: a@2"], "the name of its own stays");
  request(ROUTE, { resourceNamesSubscribe: ["*"] });
  t.same(summaries(sent).slice(3), ["Route: b@2"]);
});

t.test("handle() sends a reconnecting Envoy only what differs", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(5, new Map([[CLUSTER, setOf("same", "changed@2", "new")]]));
  request(CLUSTER, { initialResourceVersions: { same: "1", changed: "1", gone: "1" } });
  t.same(summaries(sent), ["Cluster: changed@2 new@1 -gone"]);
});

t.test("handle() answers a reconnecting Envoy's names although it holds them", async (t) => {
  const { session, sent, request } = openSession();
  session.publish(5, new Map([[ROUTE, setOf("a")]]));
  request(ROUTE, { resourceNamesSubscribe: ["a"], initialResourceVersions: { a: "1" } });
  t.same(summaries(sent), ["Route: a@1"]);
});

t.test("publish() sends additions in the order of the types and removals in reverse", async (t) => {
  const { session, sent, request } = openSession();
  const sets = (version: string) =>
    new Map([
      [CLUSTER, setOf(`c-${version}`)],
      [LISTENER, setOf(`l-${version}`)],
      [ROUTE, setOf(`r-${version}`)],
    ]);
  session.publish(1, sets("one"));
  for (const typeUrl of [CLUSTER, LISTENER]) request(typeUrl);
  request(ROUTE, { resourceNamesSubscribe: ["r-one", "r-two"] });
  sent.length = 0;
  session.publish(2, sets("two"));
  t.same(summaries(sent), [
    "Cluster: c-two@1",
    "Listener: l-two@1",
    "Route: r-two@1",
    "Route: -r-one",
    "Listener: -l-one",
    "Cluster: -c-one",
  ]);
  t.same([...new Set(sent.map(({ systemVersionInfo }) => systemVersionInfo))], ["2"]);
});

t.test("publish() of the same sends nothing", async (t) => {
  const { session, sent, request, acknowledge } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf("a")]]));
  request(CLUSTER);
  acknowledge(sent[0]);
  session.publish(2, new Map([[CLUSTER, setOf("a")]]));
  t.equal(sent.length, 1);
  t.ok(session.isSettled);
});

t.test("handle() matches acknowledgements to responses by nonce", async (t) => {
  const { session, sent, outcomes, request, acknowledge } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf("a")]]));
  request(CLUSTER);
  session.publish(2, new Map([[CLUSTER, setOf("a@2")]]));
  t.notOk(session.isSettled);
  acknowledge(sent[1]);
  t.notOk(session.isSettled, "the first is still on its way");
  acknowledge(sent[0]);
  t.ok(session.isSettled);
  t.same(outcomes, [
    { kind: "accepted", typeUrl: CLUSTER, revision: 2 },
    { kind: "accepted", typeUrl: CLUSTER, revision: 1 },
  ]);
  acknowledge(sent[0]);
  request(CLUSTER, { responseNonce: "no such nonce" });
  t.equal(outcomes.length, 2, "unknown nonces are ignored");
});

t.test("handle() reports a rejection, waits, and sends the rest of later changes", async (t) => {
  const { session, sent, outcomes, request, acknowledge } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf("bad", "good")]]));
  request(CLUSTER);
  acknowledge(sent[0], "bad is not valid");
  t.same(outcomes, [
    {
      kind: "rejected",
      typeUrl: CLUSTER,
      revision: 1,
      names: ["bad", "good"],
      message: "bad is not valid",
      isCurrent: true,
    },
  ]);
  t.equal(sent.length, 1, "a rejection is not answered at once: that would never end");
  session.publish(2, new Map([[CLUSTER, setOf("bad", "good", "other")]]));
  t.same(
    summaries(sent).slice(1),
    ["Cluster: bad@1 good@1 other@1"],
    "what Envoy does not have is not taken for accepted",
  );
});

t.test(
  "handle() removes what was rejected when it is gone, as Envoy may hold an older one",
  async (t) => {
    const { session, sent, request, acknowledge } = openSession();
    session.publish(1, new Map([[CLUSTER, setOf("a")]]));
    request(CLUSTER);
    acknowledge(sent[0]);
    session.publish(2, new Map([[CLUSTER, setOf("a@2")]]));
    acknowledge(sent[1], "a is not valid");
    session.publish(3, new Map([[CLUSTER, setOf()]]));
    t.same(summaries(sent).slice(2), ["Cluster: -a"]);
  },
);

t.test("handle() knows a late rejection of what was replaced meanwhile", async (t) => {
  const { session, sent, outcomes, request, acknowledge } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf("a")]]));
  request(CLUSTER);
  session.publish(2, new Map([[CLUSTER, setOf("a@2")]]));
  acknowledge(sent[0], "a is not valid");
  t.match(outcomes, [{ kind: "rejected", revision: 1, isCurrent: false }]);
  session.publish(3, new Map([[CLUSTER, setOf("a@2")]]));
  t.equal(sent.length, 2, "the newer one is not sent again");
});

t.test("handle() asks its owner for names of types that are not published", async (t) => {
  const { session, sent, wanted, dropped, request } = openSession();
  session.publish(1, new Map([[CLUSTER, setOf()]]));
  request(SECRET, { resourceNamesSubscribe: ["a", "b"] });
  t.same(wanted, ["type/Secret a", "type/Secret b"]);
  session.answer(SECRET, "a", resource("a@7"));
  session.answer(SECRET, "b", undefined);
  t.same(summaries(sent), ["Secret: a@7", "Secret: -b"]);
  t.ok(session.isSubscribed(SECRET, "a"));
  t.notOk(session.isSubscribed(SECRET, "b"), "a refused name is forgotten");
  request(SECRET, { resourceNamesSubscribe: ["b"] });
  t.same(wanted.slice(2), ["type/Secret b"], "and asked for again when Envoy asks again");
  request(SECRET, { resourceNamesUnsubscribe: ["a"] });
  t.same(dropped, ["type/Secret a"]);
  session.answer(SECRET, "a", resource("a@8"));
  session.answer("type/Other", "a", resource("a@8"));
  t.equal(sent.length, 2, "answers that nobody waits for are not sent");
});

t.test("withdraw() says that a name is gone and keeps it subscribed", async (t) => {
  const { session, sent, request } = openSession();
  request(SECRET, { resourceNamesSubscribe: ["a"] });
  session.answer(SECRET, "a", resource("a@1"));
  session.withdraw(SECRET, "a");
  session.answer(SECRET, "a", resource("a@1"));
  session.withdraw(SECRET, "other");
  t.same(summaries(sent), ["Secret: a@1", "Secret: -a", "Secret: a@1"]);
});

t.test("hasStarted waits for every published type that is not empty", async (t) => {
  const { session, request } = openSession();
  session.publish(
    1,
    new Map([
      [CLUSTER, setOf("a")],
      [LISTENER, setOf("b")],
      [ROUTE, setOf()],
    ]),
  );
  t.notOk(session.hasStarted);
  request(CLUSTER);
  t.notOk(session.hasStarted);
  request(LISTENER);
  t.ok(session.hasStarted);
});

t.test("answer() throws when Envoy leaves too many responses unanswered", async (t) => {
  const { session, request } = openSession();
  request(SECRET, { resourceNamesSubscribe: ["a"] });
  for (let count = 0; count < 10_000; count++) session.answer(SECRET, "a", resource(`a@${count}`));
  t.throws(() => session.answer(SECRET, "a", resource("a@x")), {
    name: "RangeError",
    message: "Cannot send to Envoy: 10000 responses wait for an answer",
  });
});

/** Numbers below `limit`, the same for each seed. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
}

/** Envoy's side: holds what it accepted, and rejects versions that end with `bad`. */
class EnvoyModel {
  readonly held = new Map<string, string>();

  apply({ resources, removedResources }: Response): string | undefined {
    if ((resources ?? []).some(({ version }) => version?.endsWith("bad"))) return "bad version";
    for (const { name, version } of resources ?? []) this.held.set(name ?? "", version ?? "");
    for (const name of removedResources ?? []) this.held.delete(name);
    return undefined;
  }
}

for (let seed = 1; seed <= 50; seed++) {
  t.test(`publish() brings a model of Envoy to the published state (seed ${seed})`, async (t) => {
    const random = randomOf(seed);
    const { session, sent, request, acknowledge } = openSession();
    const model = new EnvoyModel();
    request(CLUSTER);
    let answered = 0;
    let latest: ResourceSet = setOf();
    const answerSome = (count: number) => {
      for (let index = 0; index < count && answered < sent.length; index++, answered++) {
        const response = sent[answered] ?? {};
        acknowledge(response, model.apply(response));
      }
    };
    for (let revision = 1; revision <= 30; revision++) {
      const names = ["a", "b", "c", "d"].filter(() => random(3) > 0);
      latest = setOf(...names.map((name) => `${name}@${random(4)}${random(8) === 0 ? "bad" : ""}`));
      session.publish(revision, new Map([[CLUSTER, latest]]));
      answerSome(random(4));
    }
    answerSome(Number.POSITIVE_INFINITY);
    // What was rejected goes out again with the next publication: now all of it is valid.
    latest = setOf(...[...latest.keys()].map((name) => `${name}@${random(4)}`));
    session.publish(31, new Map([[CLUSTER, latest]]));
    answerSome(Number.POSITIVE_INFINITY);
    t.ok(session.isSettled);
    t.same(
      [...model.held].sort(),
      [...latest.values()].map(({ name, version }) => [name, version]).sort(),
    );
  });
}
