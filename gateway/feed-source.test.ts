/** Tests of following a control process: what is handed on, when, and what stays while it is away. */
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "./clock.ts";
import { openFeedSource } from "./feed-source.ts";
import { formatSourceProblem, parseManifests } from "./manifests.ts";
import { OBJECT_FEED_PATH } from "./object-feed.ts";
import type { LoadedObjects, LoadProblems } from "./snapshot-source.ts";
import { eventually } from "./testdata/envoy-rig.ts";

const noSecrets = { objects: [], problems: [], warnings: [] };

function route(name: string, hostname = `${name}.test`) {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name },
    spec: { parentRefs, hostnames: [hostname], rules: [{}] },
  };
}

const reset = { kind: "reset" };
const commit = { kind: "commit", resourceVersion: "1" };
const put = (object: unknown) => ({ kind: "object", object });
const remove = (name: string) => ({
  kind: "removed",
  object: { kind: "EgressHTTPRoute", namespace: "default", name },
});

/** A control process that says what the test tells it to. */
class Feeder {
  readonly socketPath: string;
  readonly answers: ServerResponse[] = [];
  #server: Server | undefined;

  constructor(t: Test) {
    // A path of a test directory is too long for a socket.
    const directory = mkdtempSync(join(tmpdir(), "feed-"));
    this.socketPath = join(directory, "feed.sock");
    t.teardown(() => {
      this.stop();
      rmSync(directory, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      response.writeHead(request.url === OBJECT_FEED_PATH ? 200 : 404);
      response.flushHeaders();
      this.answers.push(response);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  say(...lines: readonly object[]): void {
    this.answers.at(-1)?.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#server = undefined;
  }
}

async function follow(t: Test, feeder: Feeder) {
  const sets: LoadedObjects[] = [];
  const problems: LoadProblems[] = [];
  const opening = openFeedSource({
    socketPath: feeder.socketPath,
    secrets: noSecrets,
    clock: systemClock,
    onChange: (loaded) => void sets.push(loaded),
    onProblems: (found) => void problems.push(found),
  });
  t.teardown(async () => (await opening).close());
  return {
    ...{ sets, problems, opening },
    namesOf: (set: LoadedObjects | undefined) =>
      set?.objects.map(({ object }) => object.metadata.name),
    sentences: () => problems.flatMap((found) => found.problems.map(formatSourceProblem)),
  };
}

t.test("openFeedSource() counts the time of a change from its own first line", async (t) => {
  const feeder = new Feeder(t);
  await feeder.start();
  const { sets, problems, opening } = await follow(t, feeder);
  await eventually(() => feeder.answers.length === 1 || undefined);
  feeder.say(reset, put(route("one")), commit);
  await opening;
  const problem = { file: "a.yaml", line: 1, field: "", message: "Not yet" };
  feeder.say({ kind: "problems", problems: [problem] });
  await eventually(() => problems.length === 1 || undefined);
  const beforeNs = systemClock.monotonicNs();
  feeder.say(put(route("two")), commit);
  await eventually(() => sets.length === 2 || undefined);
  t.ok((sets[1]?.startedNs ?? 0n) >= beforeNs, "what was said of files is no part of it");
});

t.test("openFeedSource() hands each commit on as one set, with what changed", async (t) => {
  const feeder = new Feeder(t);
  await feeder.start();
  const { sets, opening, namesOf } = await follow(t, feeder);
  await eventually(() => feeder.answers.length === 1 || undefined);
  feeder.say(put(route("early")), reset, put(route("one")), put(route("two")));
  feeder.say(commit);
  const source = await opening;
  t.strictSame(namesOf(sets[0]), ["one", "two"], "nothing counts before the reset");
  feeder.say(put(route("one", "other.test")), put(route("three")), remove("two"), commit);
  await eventually(() => sets.length === 2 || undefined);
  t.strictSame(namesOf(sets[1]), ["one", "three"]);
  t.strictSame(sets[1]?.changes, [
    "EgressHTTPRoute default/one changed (spec.hostnames[0])",
    "EgressHTTPRoute default/three added",
    "EgressHTTPRoute default/two removed",
  ]);
  feeder.say(commit, put(route("three")), commit);
  source.setSecrets(
    parseManifests("flag", "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: {}\n"),
  );
  await eventually(() => sets.length === 3 || undefined);
  t.strictSame(namesOf(sets[2]), ["one", "three", "s"], "commits without news are none");
});

t.test("openFeedSource() keeps the last good set while the process is away", async (t) => {
  const feeder = new Feeder(t);
  const { sets, problems, opening, namesOf, sentences } = await follow(t, feeder);
  await opening;
  t.strictSame(sets, []);
  t.match(sentences(), [
    /feed\.sock: Cannot follow the control process: .*ENOENT.*; trying again$/,
  ]);
  await feeder.start();
  await eventually(() => feeder.answers.length === 1 || undefined);
  feeder.say(reset, put(route("one")), commit);
  await eventually(() => sets.length === 1 || undefined);
  feeder.say(put(route("half")));
  feeder.stop();
  await eventually(() => problems.length >= 2 || undefined);
  t.type(problems.at(-1)?.lastGoodAgeMs, "number");
  await feeder.start();
  await eventually(() => feeder.answers.length === 2 || undefined);
  feeder.say(reset, put(route("one")), commit);
  await eventually(() => sets.length === 2 || undefined);
  t.strictSame(namesOf(sets[1]), ["one"], "what was not committed is gone");
  t.strictSame(sets[1]?.changes, [], "told again only because the problem is over");
});

t.test("openFeedSource() serves nothing of a set while an object of it is unusable", async (t) => {
  const feeder = new Feeder(t);
  await feeder.start();
  const { sets, opening, namesOf, sentences } = await follow(t, feeder);
  await eventually(() => feeder.answers.length === 1 || undefined);
  feeder.say(reset, put(route("one")), commit);
  await opening;
  feeder.say(put({ ...route("bad"), spec: { rules: 7 } }), put(route("two")), commit);
  await eventually(() => sentences().length > 0 || undefined);
  t.match(sentences()[0], /^control process: spec\.\w+: EgressHTTPRoute default\/bad: /);
  const told = sentences().length;
  feeder.say(put(route("three")), commit);
  feeder.say(put(route("bad")), commit);
  await eventually(() => sets.length === 2 || undefined);
  t.strictSame(namesOf(sets[1]), ["one", "two", "three", "bad"]);
  t.equal(sentences().length, told, "the same problems are told once");
});

t.test("openFeedSource() goes on once an unusable Namespace is gone", async (t) => {
  const feeder = new Feeder(t);
  await feeder.start();
  const { sets, opening, namesOf, sentences } = await follow(t, feeder);
  await eventually(() => feeder.answers.length === 1 || undefined);
  const bad = { apiVersion: "v1", kind: "Namespace", metadata: { name: "zz", foo: 1 } };
  feeder.say(reset, put(bad), put(route("one")), commit);
  await opening;
  t.match(sentences()[0], /Namespace zz\/zz: /);
  const object = { kind: "Namespace", namespace: "zz", name: "zz" };
  feeder.say({ kind: "removed", object }, commit);
  await eventually(() => sets.length === 1 || undefined);
  t.strictSame(namesOf(sets[0]), ["one"]);
});

t.test(
  "openFeedSource() takes no line that is longer than allowed, and connects again",
  async (t) => {
    const feeder = new Feeder(t);
    await feeder.start();
    const { sets, opening, sentences } = await follow(t, feeder);
    await eventually(() => feeder.answers.length === 1 || undefined);
    feeder.say(reset, put({ ...route("one"), filler: "x".repeat(4 * 1024 * 1024) }), commit);
    await opening;
    t.strictSame(sets, []);
    t.match(sentences()[0], /it told an object of more than 4194304 characters; trying again$/);
    await eventually(() => feeder.answers.length === 2 || undefined);
  },
);
