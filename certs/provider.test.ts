/** The provider as the ADS server sees it: answers, refusals, renewals and evictions. */
import { X509Certificate } from "node:crypto";
import t from "tap";
import type { LeafChange } from "../gateway/certificate-provider.ts";
import { ManualClock } from "../gateway/clock.ts";
import type { AuthorityCertificate } from "./authority-certificate.ts";
import { createMintingCeiling } from "./minting-ceiling.ts";
import type { CertificateProviderOptions } from "./provider.ts";
import { createCertificateProvider } from "./provider.ts";
import { createIssuer, testStartMs } from "./testdata/create-issuer.ts";

const hourMs = 3_600_000;

type Setup = Partial<Omit<CertificateProviderOptions, "authority" | "clock">>;

/** A provider over an authority that the test can exchange. */
function createProvider(setup: Setup = {}) {
  const clock = new ManualClock(testStartMs);
  const errors: unknown[] = [];
  const state: { issuer: AuthorityCertificate | undefined } = { issuer: createIssuer() };
  const provider = createCertificateProvider({
    authority: { issuer: () => state.issuer },
    ceiling: createMintingCeiling({ clock }),
    clock,
    onError: (error) => errors.push(error),
    ...setup,
  });
  const changes: LeafChange[] = [];
  provider.subscribe((change) => changes.push(change));
  return { provider, clock, errors, state, changes };
}

t.test("find() mints for the canonical name, whatever was sent", async (t) => {
  const { provider } = createProvider();
  const answers = await Promise.all(
    ["API.OpenAI.com.", "api.openai.com"].map((name) => provider.find(name)),
  );
  const [first, second] = answers;
  t.ok(first?.kind === "leaf" && second?.kind === "leaf" && first.leaf === second.leaf);
  const x509 = new X509Certificate(first?.kind === "leaf" ? first.leaf.certificateChainPem : "");
  t.equal(x509.subjectAltName, "DNS:api.openai.com");
  t.equal(x509.subject, "CN=api.openai.com");
});

t.test("find() shares one minting between concurrent asks", async (t) => {
  const { provider } = createProvider();
  const answers = await Promise.all(Array.from({ length: 100 }, () => provider.find("a.example")));
  t.equal(new Set(answers.map((answer) => answer.kind === "leaf" && answer.leaf)).size, 1);
  t.match(provider.stats(), { minted: 1, hits: 99, liveNames: 1 });
});

t.test("find() refuses with reason and sentence, and counts", async (t) => {
  const clock = new ManualClock(testStartMs);
  const { provider, state } = createProvider({
    ceiling: createMintingCeiling({ clock, perSecond: 1, burst: 1 }),
    interceptsName: (name) => name !== "bank.example",
  });
  t.same(await provider.find("a..b"), {
    kind: "refused",
    reason: "malformed-name",
    message: 'Cannot mint leaf for "a..b": empty label at position 2',
  });
  t.same(await provider.find("Bank.example."), {
    kind: "refused",
    reason: "not-intercepted",
    message: 'Cannot mint leaf for "Bank.example.": the gateway does not intercept this name',
  });
  t.match(await provider.find("a.example"), { kind: "leaf" });
  t.same(await provider.find("b.example"), {
    kind: "refused",
    reason: "minting-ceiling",
    message:
      'Cannot mint leaf for "b.example": the process mints as many new names per second as it may; a later handshake is answered',
  });
  state.issuer = undefined;
  t.same(await provider.find("c.example"), {
    kind: "refused",
    reason: "minting-ceiling",
    message: 'Cannot mint leaf for "c.example": no authority is valid at this moment',
  });
  t.same(provider.stats().refused, {
    "malformed-name": 1,
    "not-intercepted": 1,
    "minting-ceiling": 2,
  });
  t.match(provider.stats(), { minted: 1, liveNames: 1 });
});

t.test("find() asks the policy with the canonical name, each time", async (t) => {
  const asked: string[] = [];
  let intercepts = true;
  const { provider } = createProvider({
    interceptsName(name) {
      asked.push(name);
      return intercepts;
    },
  });
  t.match(await provider.find("A.Example."), { kind: "leaf" });
  t.same(asked, ["a.example"]);
  intercepts = false;
  t.match(await provider.find("A.Example."), { kind: "refused", reason: "not-intercepted" });
  t.match(provider.stats(), { liveNames: 0, liveLeaves: 0 });
});

t.test("recheck() evicts what a changed policy no longer intercepts", async (t) => {
  const passthrough = new Set<string>();
  const { provider, changes } = createProvider({
    interceptsName: (name) => !passthrough.has(name),
  });
  await provider.find("Bank.example");
  await provider.find("a.example");
  passthrough.add("bank.example");
  provider.recheck();
  t.same(changes, [{ kind: "evicted", serverName: "Bank.example" }]);
  t.match(provider.stats(), { evicted: 1, liveNames: 1 });
});

t.test("find() fails closed when the policy throws", async (t) => {
  const failure = new Error("policy");
  const { provider, errors } = createProvider({
    interceptsName() {
      throw failure;
    },
  });
  t.match(await provider.find("a.example"), { kind: "refused", reason: "not-intercepted" });
  t.same(errors, [failure]);
});

t.test("variants in case of one name neither mint nor push out other names", async (t) => {
  const { provider, changes } = createProvider();
  await provider.find("other.example");
  for (let bits = 0; bits < 1024; bits++) {
    const variant = [..."abcdefghij"].map((letter, at) =>
      (bits >> at) & 1 ? letter.toUpperCase() : letter,
    );
    await provider.find(`${variant.join("")}.example`);
  }
  t.match(provider.stats(), { minted: 2, liveNames: 5, liveLeaves: 2 });
  t.notOk(changes.some(({ serverName }) => serverName === "other.example"));
});

t.test("renewals come under the name as sent, with a new version", async (t) => {
  const { provider, clock, changes } = createProvider();
  const answer = await provider.find("A.example");
  clock.advance(16 * hourMs + 30_000);
  const [change] = changes;
  t.equal(changes.length, 1);
  t.ok(change?.kind === "renewed" && answer.kind === "leaf");
  if (change?.kind !== "renewed" || answer.kind !== "leaf") return;
  t.equal(change.serverName, "A.example");
  t.not(change.leaf.version, answer.leaf.version);
  t.ok(change.leaf.notAfterMs > answer.leaf.notAfterMs);
});

t.test("a new authority renews live names with its own signature and a new key", async (t) => {
  const { provider, clock, state, changes } = createProvider();
  const before = await provider.find("a.example");
  state.issuer = createIssuer();
  clock.advance(30_000);
  const [change] = changes;
  t.ok(change?.kind === "renewed" && before.kind === "leaf");
  if (change?.kind !== "renewed" || before.kind !== "leaf") return;
  const authority = new X509Certificate(state.issuer.certificatePem);
  t.ok(new X509Certificate(change.leaf.certificateChainPem).verify(authority.publicKey));
  t.not(change.leaf.privateKeyPem, before.leaf.privateKeyPem);
});

t.test("leaves end with their authority", async (t) => {
  const { provider, state } = createProvider({ leafLifeMs: 48 * hourMs });
  state.issuer = createIssuer(testStartMs, 30 * hourMs);
  const answer = await provider.find("a.example");
  t.equal(answer.kind === "leaf" && answer.leaf.notAfterMs, testStartMs + 30 * hourMs);
});

t.test("an authority that ends between look-up and minting is none", async (t) => {
  const { provider, clock, state } = createProvider();
  state.issuer = createIssuer(testStartMs, hourMs);
  clock.advance(hourMs);
  t.match(await provider.find("a.example"), { kind: "refused", reason: "minting-ceiling" });
});

t.test("evictions are told, forget() is not", async (t) => {
  const { provider, changes } = createProvider({ limits: { maxNames: 2 } });
  await provider.find("a.example");
  await provider.find("b.example");
  provider.touch("a.example");
  await provider.find("c.example");
  t.same(changes, [{ kind: "evicted", serverName: "b.example" }]);
  provider.forget("a.example");
  t.match(provider.stats(), { evicted: 1, liveNames: 1 });
  t.equal(changes.length, 1);
});

t.test("a subscriber that throws is reported, the others hear, and find() answers", async (t) => {
  const { provider, errors, changes } = createProvider({ limits: { maxNames: 1 } });
  const failure = new Error("subscriber");
  const unsubscribe = provider.subscribe(() => {
    throw failure;
  });
  await provider.find("a.example");
  t.match(await provider.find("b.example"), { kind: "leaf" });
  t.same(errors, [failure]);
  t.equal(changes.length, 1);
  unsubscribe();
  await provider.find("c.example");
  t.equal(errors.length, 1);
  t.equal(changes.length, 2);
});

t.test("messages never hold a key", async (t) => {
  const { provider, state } = createProvider();
  await provider.find("a.example");
  state.issuer = undefined;
  for (const name of ["b.example", "-----BEGIN PRIVATE KEY-----", "\0"]) {
    const answer = await provider.find(name);
    t.ok(answer.kind === "refused" && !/MIG|PrivateKey/.test(answer.message), answer.kind);
  }
  t.notMatch(JSON.stringify(provider), "PRIVATE KEY");
});

t.test("close() stops timers and refuses later asks", async (t) => {
  const { provider, clock } = createProvider();
  await provider.find("a.example");
  await provider.close();
  await provider[Symbol.asyncDispose]();
  t.equal(clock.pendingTimers, 0);
  t.same(await provider.find("a.example"), {
    kind: "refused",
    reason: "not-intercepted",
    message: 'Cannot mint leaf for "a.example": provider is closed',
  });
});
