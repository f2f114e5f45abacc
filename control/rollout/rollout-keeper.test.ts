/** Tests the state machine on a real store and a real file, with a clock that the test moves. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { PolicyTrial } from "../../gateway/policy-trial.ts";
import { noCounts } from "../../gateway/side-counts.ts";
import type { SideCounts } from "../../gateway/side-counts.ts";
import { allResources } from "../apiserver/all-resources.ts";
import { ensureNamespaces } from "../apiserver/initial-objects.ts";
import { ObjectDeleter } from "../apiserver/object-deleter.ts";
import { openObjectStore } from "../apiserver/object-store.ts";
import { keyOf, ObjectWriter } from "../apiserver/object-writer.ts";
import { ChangedObjects } from "./changed-objects.ts";
import { maxRollouts, RolloutFile } from "./rollout-file.ts";
import { RolloutKeeper } from "./rollout-keeper.ts";
import type { Rollout, RolloutRequest } from "./rollout.ts";

const resources = allResources();
const route = resources.find(({ kind }) => kind === "EgressHTTPRoute");
if (route === undefined) throw new Error("No resource EgressHTTPRoute");

function web(...hostnames: readonly string[]) {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name: "web", namespace: "default" },
    spec: { parentRefs, hostnames, rules: [{}] },
  };
}

const asked: RolloutRequest = {
  by: "anna",
  objects: [web("new.test")],
  ...{ parts: 1_000, forMs: 60_000, abortOn: ["denied>1%"], minRequests: 10 },
};

/** Objects that tell when they are to be written. */
class WatchedObjects extends ChangedObjects {
  readonly #before: () => void | Promise<void>;

  constructor(
    before: () => void | Promise<void>,
    ...rest: ConstructorParameters<typeof ChangedObjects>
  ) {
    super(...rest);
    this.#before = before;
  }

  override async write(changes: Rollout["changes"]): Promise<void> {
    await this.#before();
    await super.write(changes);
  }
}

class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), "rollout-"));
  readonly store = openObjectStore({ file: join(this.folder, "objects.db") });
  readonly writer = new ObjectWriter(this.store, systemClock);
  readonly told: (PolicyTrial<readonly unknown[]> | null)[] = [];
  nowMs = Date.UTC(2026, 10, 29);
  problem: string | undefined;
  followers = 1;
  keeper: RolloutKeeper;

  static async open(t: Test): Promise<Rig> {
    const rig = new Rig();
    await ensureNamespaces(rig.writer);
    await rig.write("old.test");
    await rig.keeper.open();
    t.teardown(async () => {
      await rig.keeper.close();
      rig.store.close();
      rmSync(rig.folder, { recursive: true, force: true });
    });
    return rig;
  }

  /** Called before objects are written; it may throw */
  beforeWrite: () => void | Promise<void> = () => {};

  constructor() {
    this.keeper = this.#create();
  }

  /** As after a kill: what was not written down is gone. */
  async restart(): Promise<void> {
    await this.keeper.close();
    this.keeper = this.#create();
    await this.keeper.open();
  }

  /** As `restart()`, while a step is under way that never ends. */
  async kill(): Promise<void> {
    this.keeper = this.#create();
    await this.keeper.open();
  }

  #create(): RolloutKeeper {
    // Timers never fire: a step comes with a report.
    const clock: Clock = {
      ...systemClock,
      now: () => this.nowMs,
      setTimeout: () => systemClock.setTimeout(() => {}, 0),
    };
    return new RolloutKeeper({
      file: new RolloutFile(join(this.folder, "rollout")),
      objects: new WatchedObjects(() => this.beforeWrite(), {
        store: this.store,
        writer: this.writer,
        deleter: new ObjectDeleter(this.store, systemClock),
        resources,
        fileHashOf: () => undefined,
      }),
      loadCheck: async () => () => this.problem,
      publish: (trial) => void this.told.push(trial),
      followers: () => this.followers,
      ...{ clock, log: silentLogger },
    });
  }

  async write(...hostnames: readonly string[]): Promise<void> {
    if (route === undefined) return;
    await this.writer.change(
      {
        ...{ resource: route, namespace: "default", name: "web" },
        change: (current) => ({
          ...current,
          ...web(...hostnames),
          metadata: { ...current?.metadata, ...web().metadata },
        }),
      },
      { dryRun: false, validation: "Strict", manager: "test" },
    );
  }

  async remove(name: string): Promise<void> {
    if (route === undefined) return;
    const deleter = new ObjectDeleter(this.store, systemClock);
    await this.store.write((transaction) =>
      deleter.deleteIn(transaction, {
        ...{ resource: route, place: { namespace: "default", name } },
        options: { dryRun: false },
      }),
    );
  }

  get hostnames(): unknown {
    if (route === undefined) return undefined;
    const key = keyOf(route, { namespace: "default", name: "web" });
    return JSON.parse(this.store.reader.find(key)?.text ?? "{}").spec?.hostnames;
  }

  get newest(): Rollout {
    const [newest] = this.keeper.items;
    if (newest === undefined) throw new Error("No rollout");
    return newest;
  }

  async hear(counts: { readonly old?: Partial<SideCounts>; readonly new?: Partial<SideCounts> }) {
    const { id, parts } = this.newest;
    this.keeper.hear({
      ...{ side: id, parts, process: "one", isLive: true },
      old: { ...noCounts, ...counts.old },
      new: { ...noCounts, ...counts.new },
    });
    // What is asked in turn comes after it.
    await this.keeper.promote({ by: "nobody", parts: 1 }).catch(() => {});
  }
}

/** Nothing can be written in place of the file of rollouts while this is there. */
function blockWrites({ folder }: Rig): () => void {
  const obstacle = join(folder, "rollout", "rollouts.json.new");
  mkdirSync(obstacle);
  return () => rmSync(obstacle, { recursive: true });
}

const good = { old: { requests: 100 }, new: { requests: 20 } };

t.test(
  "begin() tells gateways before anything is written, and keeps it for its owner alone",
  async (t) => {
    const rig = await Rig.open(t);
    const { id } = await rig.keeper.begin(asked);
    t.match(rig.told, [
      { side: id, share: { parts: 1_000 }, objects: [{ spec: { hostnames: ["new.test"] } }] },
    ]);
    t.same(rig.hostnames, ["old.test"]);
    t.equal(statSync(join(rig.folder, "rollout")).mode & 0o777, 0o700);
    t.equal(statSync(join(rig.folder, "rollout", "rollouts.json")).mode & 0o777, 0o600);
    await t.rejects(rig.keeper.begin(asked), /one is at a time/);
  },
);

t.test("begin() refuses what cannot be tried, and nothing happens", async (t) => {
  const rig = await Rig.open(t);
  const cases = [
    { request: { ...asked, objects: [web("old.test")] }, says: /change nothing/ },
    { request: { ...asked, objects: [{ kind: "Nothing" }] }, says: /./ },
    { request: { ...asked, objects: [web("a.test"), web("b.test")] }, says: /twice/ },
    { request: { ...asked, abortOn: ["denied>1"] }, says: /Cannot use/ },
    { request: { ...asked, parts: 10_000, abortOn: ["cost>2x"] }, says: /there are none/ },
    {
      request: {
        ...asked,
        objects: [
          { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, stringData: { a: "b" } },
        ],
      },
      says: /are not tried on a share/,
    },
  ];
  for (const { request, says } of cases) await t.rejects(rig.keeper.begin(request), says);
  rig.problem = "it cannot be served";
  await t.rejects(rig.keeper.begin(asked), /it cannot be served/);
  rig.problem = undefined;
  rig.followers = 0;
  await t.rejects(rig.keeper.begin(asked), /No gateway runs/);
  t.same([rig.told, rig.keeper.items], [[], []]);
});

t.test(
  "begin() takes a Secret among the manifests that stays as it is, and no other",
  async (t) => {
    const rig = await Rig.open(t);
    const resource = resources.find(({ kind }) => kind === "Secret");
    if (resource === undefined) throw new Error("No resource Secret");
    const secret = (value: string) => ({
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "key", namespace: "default" } },
      stringData: { token: value },
    });
    await rig.writer.change(
      { ...{ resource, namespace: "default", name: "key" }, change: () => secret("one") },
      { dryRun: false, validation: "Strict", manager: "test" },
    );
    const other = { ...asked, objects: [web("new.test"), secret("two")] };
    await t.rejects(rig.keeper.begin(other), /Secret default\/key: values are one for all agents/);
    const { changes } = await rig.keeper.begin({
      ...asked,
      objects: [web("new.test"), secret("one")],
    });
    t.same(
      changes.map(({ ref }) => ref.kind),
      ["EgressHTTPRoute"],
    );
  },
);

t.test("hear() promotes at the end what kept its conditions", async (t) => {
  const rig = await Rig.open(t);
  await rig.keeper.begin(asked);
  await rig.hear({});
  t.equal(rig.newest.phase, "running");
  await rig.hear(good);
  t.equal(rig.newest.phase, "running", "the time is not over");
  rig.nowMs += 60_000;
  await rig.hear(good);
  t.equal(rig.newest.phase, "promoted");
  t.same([rig.hostnames, rig.told.at(-1)], [["new.test"], null]);
});

t.test(
  "hear() aborts at once what a condition is about, and at the end what nobody knows",
  async (t) => {
    const rig = await Rig.open(t);
    await rig.keeper.begin(asked);
    await rig.hear({});
    await rig.hear({ old: { requests: 100 }, new: { requests: 10, denied: 1 } });
    t.match(rig.newest, { phase: "aborted" });
    t.same([rig.hostnames, rig.told.at(-1)], [["old.test"], null]);
    await rig.keeper.begin(asked);
    await rig.hear({});
    rig.nowMs += 60_000;
    await rig.hear({ old: { requests: 100 }, new: { requests: 0 } });
    t.match(
      rig.newest.events.at(-1)?.what,
      /not known to be good: the new policy decided 0 requests/,
    );
  },
);

t.test("promote() only ever adds agents by hand", async (t) => {
  const rig = await Rig.open(t);
  const { seed } = await rig.keeper.begin(asked);
  await t.rejects(rig.keeper.promote({ by: "anna", parts: 1_000 }), /none is taken out/);
  await rig.keeper.promote({ by: "anna", parts: 5_000 });
  t.match(rig.told.at(-1), { share: { parts: 5_000, seed } });
  t.match(await rig.keeper.promote({ by: "anna" }), { phase: "promoted" });
  t.same(rig.hostnames, ["new.test"]);
  await t.rejects(rig.keeper.abort({ by: "anna" }), /No rollout is under way/);
});

t.test("open() goes on with what an earlier process began", async (t) => {
  const rig = await Rig.open(t);
  const { id } = await rig.keeper.begin(asked);
  await rig.hear({});
  await rig.restart();
  t.match(rig.keeper.trial, { side: id });
  rig.nowMs += 60_000;
  t.equal(rig.newest.phase, "running", "only what a gateway says now ends it");
  await rig.hear(good);
  t.equal(rig.newest.phase, "promoted");
});

t.test("open() carries out a promotion and an undo that were only intended", async (t) => {
  const rig = await Rig.open(t);
  await rig.keeper.begin(asked);
  await rig.hear({});
  const intend = (phase: Rollout["phase"]) =>
    new RolloutFile(join(rig.folder, "rollout")).put({ ...rig.newest, phase });
  intend("promoting");
  await rig.restart();
  t.same([rig.newest.phase, rig.hostnames], ["promoted", ["new.test"]]);
  intend("undoing");
  await rig.restart();
  t.same([rig.newest.phase, rig.hostnames], ["undone", ["old.test"]]);
});

t.test("noteChange() ends what somebody else's change would be lost by", async (t) => {
  const rig = await Rig.open(t);
  await rig.keeper.begin(asked);
  await rig.write("mine.test");
  rig.keeper.noteChange();
  await rig.keeper.promote({ by: "nobody", parts: 1 }).catch(() => {});
  t.match(rig.newest, { phase: "aborted" });
  t.match(
    rig.newest.events.at(-1)?.what,
    /EgressHTTPRoute default\/web was changed by somebody else/,
  );
  t.same(rig.hostnames, ["mine.test"]);
});

t.test("undo() restores what the rollout changed, and leaves what others did", async (t) => {
  const rig = await Rig.open(t);
  await rig.keeper.begin(asked);
  await rig.keeper.promote({ by: "anna" });
  await rig.write("theirs.test");
  const { events, phase } = await rig.keeper.undo({ by: "anna" });
  t.equal(phase, "undone");
  t.match(events.at(-1), {
    by: "anna",
    what: /left as it is: EgressHTTPRoute default\/web spec\.hostnames/,
  });
  t.same(rig.hostnames, ["theirs.test"]);
  await t.rejects(rig.keeper.undo({ by: "anna" }), /Nothing was promoted/);
});

t.test(
  "undo() of an object that somebody has deleted, also one that a kill has cut off",
  async (t) => {
    const rig = await Rig.open(t);
    const added = { ...web("more.test"), metadata: { name: "more", namespace: "default" } };
    await rig.keeper.begin({ ...asked, objects: [added] });
    await rig.hear({});
    await rig.keeper.promote({ by: "anna" });
    t.equal(rig.newest.phase, "promoted");
    const file = new RolloutFile(join(rig.folder, "rollout"));
    await rig.remove("more");
    t.equal((await rig.keeper.undo({ by: "anna" })).phase, "undone");
    // As if the kill had come between the undo and its note.
    file.put({ ...rig.newest, phase: "undoing" });
    await rig.restart();
    t.equal(rig.newest.phase, "undone");
  },
);

t.test("a rollout whose form of a file's object counts is never forgotten", async (t) => {
  const folder = t.testdir();
  const file = new RolloutFile(folder);
  const events = [{ at: "", by: "anna", what: "" }];
  const rollout = (id: string, phase: Rollout["phase"], name: string): Rollout => ({
    ...{ id, phase, by: "anna", startedAt: "", parts: 1_000, seed: 1, forMs: 1, minRequests: 1 },
    ...{ abortOn: [], counts: {}, events },
    changes: [
      {
        ref: { kind: "EgressHTTPRoute", namespace: "default", name },
        apiVersion: "clrk.apoxy.dev/v1alpha1",
        ...{ before: null, after: {}, fileHash: "h" },
      },
    ],
  });
  file.put(rollout("replaced", "promoted", "web"));
  file.put(rollout("counts", "promoted", "web"));
  for (let at = 0; at < maxRollouts; at++) file.put(rollout(`a${at}`, "aborted", "web"));
  const ids = new RolloutFile(folder).items.map(({ id }) => id);
  t.equal(ids.length, maxRollouts + 1);
  t.same([ids.includes("counts"), ids.includes("replaced")], [true, false]);
});

t.test("abort() does not wait for a disk that takes nothing, and is remembered", async (t) => {
  const rig = await Rig.open(t);
  const { id } = await rig.keeper.begin(asked);
  await rig.hear({});
  t.equal(rig.newest.phase, "running");
  const unblock = blockWrites(rig);
  const aborted = await rig.keeper.abort({ by: "anna" });
  t.equal(rig.told.at(-1), null, "agents have the old policy");
  t.match(aborted, { id, phase: "aborted", unsaved: /EISDIR.*a restart knows that it ended/ });
  t.match(rig.newest, { unsaved: /EISDIR/ }, "status says so");
  await rig.restart();
  t.equal(rig.keeper.trial, null);
  t.match(rig.newest, { id, phase: "aborted", unsaved: /./ });
  unblock();
  await rig.restart();
  t.match(rig.newest, { id, phase: "aborted", unsaved: undefined }, "written as soon as it can be");
  await rig.restart();
  t.match(rig.newest, { id, phase: "aborted", unsaved: undefined });
});

t.test("what was exceeded aborts on a disk that takes nothing", async (t) => {
  const rig = await Rig.open(t);
  await rig.keeper.begin(asked);
  await rig.hear({});
  const unblock = blockWrites(rig);
  await rig.hear({ old: { requests: 100 }, new: { requests: 100, denied: 50 } });
  t.equal(rig.told.at(-1), null);
  t.match(rig.newest, { phase: "aborted", unsaved: /EISDIR/ });
  const [{ what } = { what: "" }] = rig.newest.events.slice(-1);
  t.match(what, /all agents have the old policy/);
  unblock();
  await rig.keeper.begin(asked);
  t.match(rig.keeper.items[1], { phase: "aborted", unsaved: undefined }, "and why it was");
});

t.test("a promotion that comes to nothing on a full disk is not begun again", async (t) => {
  const rig = await Rig.open(t);
  const { id } = await rig.keeper.begin(asked);
  await rig.hear({});
  rig.beforeWrite = () => {
    rig.beforeWrite = () => {};
    blockWrites(rig);
    throw new Error("no space left");
  };
  const aborted = await rig.keeper.promote({ by: "anna" });
  t.match(aborted, { id, phase: "aborted", unsaved: /a restart knows that it ended/ });
  const before = rig.hostnames;
  await rig.restart();
  t.match(rig.newest, { id, phase: "aborted" });
  t.equal(rig.keeper.trial, null);
  t.same(rig.hostnames, before, "nothing was written");
});

t.test("a promotion that was interrupted goes on after a restart", async (t) => {
  const rig = await Rig.open(t);
  const { id } = await rig.keeper.begin(asked);
  await rig.hear({});
  const { promise: never } = Promise.withResolvers<void>();
  rig.beforeWrite = () => never;
  void rig.keeper.promote({ by: "anna" });
  while (rig.newest.phase !== "promoting") await new Promise((resolve) => setImmediate(resolve));
  rig.beforeWrite = () => {};
  await rig.kill();
  t.match(rig.newest, { id, phase: "promoted" });
});
