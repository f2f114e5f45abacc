/** The set of credentials that are minted: who is followed, what is waited for, and what is told. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { MintPlan } from "./mint-plan.ts";
import { MintedCredentials } from "./minted-credentials.ts";
import type { EndpointReply } from "./minting/testdata/fake-endpoint.ts";
import { openEndpoint } from "./minting/testdata/fake-endpoint.ts";
import { SecretValue } from "./secret-value.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

function plan(origin: string, resource: string, secret = "shh"): MintPlan {
  return {
    resource,
    secret: { kind: "Secret", namespace: "default", name: resource },
    additionalTrustPem: "",
    recipe: {
      kind: "OAuth2ClientCredentials",
      tokenUrl: origin,
      scopes: [],
      parameters: [],
      clientAuthentication: "Body",
      clientId: new SecretValue(resource),
      clientSecret: new SecretValue(secret),
    },
  };
}

async function open(t: Test, answer?: (client: string) => EndpointReply) {
  let count = 0;
  const usual = (client: string) => ({
    body: { access_token: `${client}-${++count}`, expires_in: 3600 },
  });
  const endpoint = await openEndpoint(t, ({ form }) =>
    (answer ?? usual)(form.get("client_id") ?? ""),
  );
  const warnings: unknown[] = [];
  let changes = 0;
  const set = new MintedCredentials({
    clock: systemClock,
    publicRootsPem: "",
    grantsDirectory: await temporaryDirectory(t),
    allowsPlainLoopback: true,
    log: { ...silentLogger, warn: (...line) => warnings.push(line) },
    onChange: () => void changes++,
  });
  t.teardown(() => set.close());
  const follow = (...plans: readonly MintPlan[]) =>
    set.follow(new Map(plans.map((one) => [one.resource, one])));
  const values = () => [...set.values()].map(([name, value]) => [name, value.reveal()]);
  return { endpoint, set, follow, values, warnings, changes: () => changes };
}

t.test("follow() mints what is new, and settled() waits for it", async (t) => {
  const { set, follow, values, endpoint, changes } = await open(t);
  follow(plan(endpoint.origin, "a"), plan(endpoint.origin, "b"));
  t.same(
    [...set.withheld()],
    [
      ["a", "the first one is being fetched"],
      ["b", "the first one is being fetched"],
    ],
  );
  await set.settled();
  t.same(
    values().map(([name]) => name),
    ["a", "b"],
  );
  t.equal(set.withheld().size, 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(changes() >= 1);
});

t.test("follow() leaves what did not change, and mints anew by another Secret", async (t) => {
  const { set, follow, values, endpoint } = await open(t);
  const { origin } = endpoint;
  follow(plan(origin, "a"), plan(origin, "b"));
  await set.settled();
  const before = new Map(values().map(([name = "", value]) => [name, value]));
  follow(plan(origin, "a"), plan(origin, "b", "other"), plan(origin, "c"));
  t.same(values(), [["a", before.get("a")]], "what the old Secret gave is used no longer");
  await set.settled();
  t.equal(endpoint.requests.length, 4);
  follow(plan(origin, "c"));
  t.same(
    values().map(([name]) => name),
    ["c"],
  );
  follow();
  t.equal(set.status().length, 0);
});

t.test("settled() waits 5 s for an endpoint that hangs, and not again for the same", async (t) => {
  const clock = new ManualClock();
  let arrived = () => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const hanging = await openEndpoint(t, () => {
    arrived();
    return new Promise<EndpointReply>(() => {});
  });
  const set = new MintedCredentials({
    clock,
    publicRootsPem: "",
    grantsDirectory: await temporaryDirectory(t),
    allowsPlainLoopback: true,
    log: silentLogger,
    onChange: () => {},
  });
  t.teardown(() => set.close());
  const slow = plan(hanging.origin, "slow");
  set.follow(new Map([["slow", slow]]));
  await first;
  let isOver = false;
  const settled = set.settled().then(() => {
    isOver = true;
  });
  clock.advance(4_999);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(isOver, false);
  clock.advance(1);
  await settled;
  set.follow(new Map([["slow", slow]]));
  await set.settled();
  t.equal(hanging.requests.length, 1);
  clock.advance(5_000);
  while (set.status()[0]?.failures === 0) await new Promise((resolve) => setImmediate(resolve));
  t.match(set.withheld().get("slow"), /has not answered within 10 s$/);
});

t.test("status() and the log say what failed, without any value", async (t) => {
  const down = { status: 400, body: { error: "invalid_client", detail: "hunter2" } };
  const { set, follow, endpoint, warnings } = await open(t, (client) =>
    client === "good" ? { body: { access_token: "hunter2", expires_in: 60 } } : down,
  );
  follow(plan(endpoint.origin, "good", "hunter2"), plan(endpoint.origin, "bad", "hunter2"));
  await set.settled();
  t.match(set.status(), [
    {
      secret: "default/bad",
      type: "OAuth2ClientCredentials",
      endpoint: new URL(endpoint.origin).host,
      ready: false,
      minted: 0,
      failures: 1,
      lastFailure: { kind: "refused", message: /refused \(400 invalid_client\)$/, agoSeconds: 0 },
    },
    {
      secret: "default/good",
      ready: true,
      minted: 1,
      failures: 0,
      ageSeconds: 0,
      validSeconds: 56,
    },
  ]);
  t.match(warnings, [["Cannot mint a credential", { secret: "default/bad", failure: "refused" }]]);
  t.match(set.withheld().get("bad"), /refused \(400 invalid_client\)$/);
  t.notMatch(JSON.stringify([set.status(), warnings, [...set.values()]]), "hunter2");
});

t.test("reject() mints anew, and close() ends everything", async (t) => {
  const { set, follow, values, endpoint } = await open(t);
  follow(plan(endpoint.origin, "a"));
  await set.settled();
  set.reject("nobody", Date.now());
  set.reject("a", Date.now() + 1_000);
  while (endpoint.requests.length < 2 || values()[0]?.[1] !== "a-2") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await set.close();
  await set.close();
  follow(plan(endpoint.origin, "b"));
  t.same([...set.values()], []);
  t.equal(endpoint.requests.length, 2);
});
