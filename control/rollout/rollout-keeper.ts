/**
 * Carries rollouts out: one at a time, each step on the disk before anybody is told of it, so that whoever is killed
 * finds the old policy or the new one, and never half of either.
 */
import { randomBytes, randomInt } from "node:crypto";
import { shareParts } from "../../gateway/canary-share.ts";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { PolicyTrial, TrialReport } from "../../gateway/policy-trial.ts";
import { addCounts, noCounts } from "../../gateway/side-counts.ts";
import type { ChangedObjects } from "./changed-objects.ts";
import { ChangeRefused } from "./changed-objects.ts";
import type { BothSides, Condition } from "./condition.ts";
import { judge, readCondition } from "./condition.ts";
import type { RolloutFile } from "./rollout-file.ts";
import type { Rollout, RolloutRequest, RolloutStep } from "./rollout.ts";
import { isOver, isTried } from "./rollout.ts";

/** A gateway that runs has Envoy's word within a second. */
const startMs = 20_000;

/** Gateways are looked at so often. */
const tickMs = 500;

/** Without any gateway for so long nobody knows what agents get. */
const abandonedMs = 60_000;

/** Gateway processes whose counts are kept apart; those of the oldest of more are added up under one name. */
const maxNamedProcesses = 64;
const foldedName = "before";

/** Events that are kept of a rollout. */
const maxEvents = 200;

/** What a keeper is made of. */
export interface RolloutKeeperOptions {
  readonly file: RolloutFile;
  readonly objects: ChangedObjects;
  /** Resolves with what finds a sentence why changes cannot be tried; asked for with every rollout */
  readonly loadCheck: () => Promise<(changes: Rollout["changes"]) => string | undefined>;
  /** Tells gateways what is tried; null: nothing is */
  readonly publish: (trial: PolicyTrial<readonly unknown[]> | null) => void;
  /** Gateways that follow */
  readonly followers: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The rollouts of one control process. */
export class RolloutKeeper {
  readonly #options: RolloutKeeperOptions;
  #timer: TimerHandle | undefined;
  /** Newest report of each gateway process since the start of this one */
  readonly #reports = new Map<string, TrialReport>();
  #seenMs = 0;
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: RolloutKeeperOptions) {
    this.#options = options;
  }

  /** All of them, newest first. */
  get items(): readonly Rollout[] {
    return this.#options.file.items;
  }

  /** What gateways are to try now. */
  get trial(): PolicyTrial<readonly unknown[]> | null {
    const current = this.#tried();
    if (current === undefined) return null;
    const { id, parts, seed, changes } = current;
    return { side: id, share: { parts, seed }, objects: changes.map(({ after }) => after) };
  }

  /** Goes on with what an earlier process began. */
  async open(): Promise<void> {
    this.#seenMs = this.#options.clock.now();
    try {
      await this.#goOn();
    } catch {
      // It is in its events, or tried again: nothing of a rollout keeps the rest from starting.
    }
    this.#arm();
  }

  /** Begins one. Throws ChangeRefused where it cannot. */
  begin(request: RolloutRequest): Promise<Rollout> {
    return this.#inTurn(async () => {
      const current = this.#current();
      if (current !== undefined) {
        throw new ChangeRefused(`Rollout ${current.id} is ${current.phase}: one is at a time`);
      }
      const { by, parts, forMs, abortOn, minRequests } = request;
      for (const text of abortOn) {
        const condition = readCondition(text);
        if (typeof condition === "string") throw new ChangeRefused(condition);
        if (parts === shareParts && condition.unit === "times") {
          throw new ChangeRefused(`${text} compares with agents of the old policy: there are none`);
        }
      }
      const { objects, loadCheck, followers } = this.#options;
      // Before the changes are planned: nothing may be written between plan and start.
      const check = await loadCheck();
      const changes = objects.plan(request.objects);
      if (changes.length === 0) throw new ChangeRefused("The manifests change nothing");
      const problem = check(changes);
      if (problem !== undefined) throw new ChangeRefused(problem);
      if (followers() === 0) throw new ChangeRefused("No gateway runs");
      const startedAt = this.#now();
      const rollout: Rollout = {
        ...{ id: `r-${randomBytes(6).toString("hex")}`, by, phase: "starting", startedAt, parts },
        seed: randomInt(2 ** 32),
        ...{ forMs, abortOn, minRequests, changes, counts: {} },
        events: [{ at: startedAt, by, what: `began with ${formatShare(parts)} of the agents` }],
      };
      this.#put(rollout);
      return rollout;
    });
  }

  /** Gives it to more agents, or to all of them for good. Throws ChangeRefused. */
  promote({ by, parts }: RolloutStep): Promise<Rollout> {
    return this.#inTurn(async () => {
      const current = this.#mustRun();
      if (parts === undefined) return this.#promote(current, by, "promoted by hand");
      if (parts <= current.parts) {
        throw new ChangeRefused(
          `Cannot give the policy to ${formatShare(parts)} of the agents: ${formatShare(current.parts)} have it, and none is taken out`,
        );
      }
      const what = `given to ${formatShare(parts)} of the agents`;
      return this.#put(this.#noted({ ...current, parts }, by, what));
    });
  }

  /** Gives all agents the old policy. Throws ChangeRefused. */
  abort({ by }: RolloutStep, why = "aborted by hand"): Promise<Rollout> {
    return this.#inTurn(async () => this.#abort(this.#mustRun(), by, why));
  }

  /** Takes back what was promoted last. Throws ChangeRefused. */
  undo({ by }: RolloutStep): Promise<Rollout> {
    return this.#inTurn(async () => {
      if (this.#current() !== undefined) {
        throw new ChangeRefused("A rollout is not over: clrk policy abort comes first");
      }
      const last = this.items.find(({ phase }) => phase === "promoted" || phase === "undone");
      if (last?.phase !== "promoted") throw new ChangeRefused("Nothing was promoted to take back");
      return this.#takeBack(this.#save({ ...last, phase: "undoing" }), by);
    });
  }

  /** Takes what a gateway says. */
  hear(report: TrialReport): void {
    const current = this.#tried();
    if (current === undefined || report.side !== current.id) return;
    this.#reports.set(report.process, report);
    const { process, old, new: changed } = report;
    const known = { ...current.counts, [process]: { old, new: changed } };
    const counts = foldOldest(known);
    // Gateways say it again to the process that comes after this one.
    this.#options.file.note({ ...current, counts });
    void this.#inTurn(async () => this.#step());
  }

  /** An object of the store changed: what is tried on others would be promoted over it. */
  noteChange(): void {
    void this.#inTurn(async () => {
      const current = this.#tried();
      if (current === undefined) return;
      const touched = this.#options.objects.findTouched(current.changes);
      if (touched !== undefined) this.#abort(current, "clrk", touched);
    });
  }

  /** Ends it; resolves when what was begun is written. What is tried is still tried. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#working;
  }

  #current(): Rollout | undefined {
    return this.items.find((rollout) => !isOver(rollout));
  }

  #tried(): Rollout | undefined {
    return this.items.find(isTried);
  }

  #mustRun(): Rollout {
    const current = this.#tried();
    if (current === undefined) throw new ChangeRefused("No rollout is under way");
    return current;
  }

  /** Carries out what was begun: whoever wrote it down may have gone, or the disk was full. */
  async #goOn(): Promise<void> {
    const unsaved = this.#unsaved();
    if (unsaved !== undefined) this.#saveEnd(unsaved);
    const current = this.#current();
    if (current?.phase === "promoting") await this.#finish(current);
    if (current?.phase === "undoing") await this.#takeBack(current, current.by);
  }

  async #step(): Promise<void> {
    await this.#goOn();
    const current = this.#tried();
    if (current === undefined) return;
    const reports = [...this.#reports.values()].filter(({ side }) => side === current.id);
    const refusal = reports.find((report) => report.refusal !== undefined)?.refusal;
    if (refusal !== undefined) {
      this.#abort(current, "clrk", `a gateway cannot serve it: ${refusal}`);
      return;
    }
    const nowMs = this.#options.clock.now();
    if (this.#options.followers() > 0) this.#seenMs = nowMs;
    if (nowMs - this.#seenMs > abandonedMs) {
      this.#abort(current, "clrk", "no gateway runs");
      return;
    }
    if (current.phase === "starting") this.#start(current, reports, nowMs);
    else await this.#watch(current, reports, nowMs);
  }

  #start(current: Rollout, reports: readonly TrialReport[], nowMs: number): void {
    if (reports.some(({ isLive, parts }) => isLive && parts === current.parts)) {
      const endsAt = new Date(nowMs + current.forMs).toISOString();
      this.#put(this.#noted({ ...current, phase: "running", endsAt }, "clrk", "served by Envoy"));
    } else if (nowMs - Date.parse(current.startedAt) > startMs) {
      this.#abort(current, "clrk", `no gateway served it within ${startMs / 1_000} s`);
    }
  }

  async #watch(current: Rollout, reports: readonly TrialReport[], nowMs: number): Promise<void> {
    const sides = bothSides(current);
    const judged = conditionsOf(current).map((one) => judge(one, sides, current.minRequests));
    const exceeded = judged.find((one) => one.kind === "exceeded");
    if (exceeded?.kind === "exceeded") {
      this.#abort(current, "clrk", exceeded.message);
      return;
    }
    if (nowMs < Date.parse(current.endsAt ?? "")) return;
    // What a process before this one heard does not say that agents have the new policy now.
    if (this.#options.followers() === 0 || !reports.some(({ isLive }) => isLive)) return;
    const unknown = judged.find((one) => one.kind === "unknown");
    if (unknown?.kind === "unknown") {
      this.#abort(current, "clrk", `not known to be good: ${unknown.message}`);
    } else if (sides.new.requests < current.minRequests) {
      const seen = `${sides.new.requests} requests, of ${current.minRequests} wanted`;
      this.#abort(current, "clrk", `not known to be good: the new policy decided ${seen}`);
    } else await this.#promote(current, "clrk", "kept all conditions");
  }

  async #promote(current: Rollout, by: string, why: string): Promise<Rollout> {
    const touched = this.#options.objects.findTouched(current.changes);
    if (touched !== undefined) return this.#abort(current, "clrk", touched);
    return this.#finish(this.#save(this.#noted({ ...current, phase: "promoting" }, by, why)));
  }

  /** The objects are in the store before gateways are told that nothing is tried any more. */
  async #finish(promoting: Rollout): Promise<Rollout> {
    const { objects } = this.#options;
    try {
      await objects.write(promoting.changes);
    } catch (error) {
      return this.#abort(promoting, "clrk", describeError(error));
    }
    const endedAt = this.#now();
    const ended: Rollout = { ...promoting, phase: "promoted", endedAt };
    return this.#put(this.#noted(ended, "clrk", "all agents have it"));
  }

  async #takeBack(undoing: Rollout, by: string): Promise<Rollout> {
    const { restored, conflicts } = await this.#restore(undoing);
    const kept =
      conflicts.length === 0
        ? ""
        : `; changed by others meanwhile, and left as it is: ${conflicts.join(", ")}`;
    const what = `taken back: ${restored.join(", ") || "nothing"}${kept}`;
    return this.#put(this.#noted({ ...undoing, phase: "undone" }, by, what));
  }

  /** What cannot be taken back stays, and can be tried again. */
  async #restore(undoing: Rollout) {
    try {
      return await this.#options.objects.undo(undoing.changes);
    } catch (error) {
      const why = `not taken back: ${describeError(error)}`;
      this.#put(this.#noted({ ...undoing, phase: "promoted" }, "clrk", why));
      throw new ChangeRefused(`The policy was ${why}`);
    }
  }

  #abort(current: Rollout, by: string, why: string): Rollout {
    const endedAt = this.#now();
    const ended: Rollout = { ...current, phase: "aborted", endedAt };
    const aborted = this.#noted(ended, by, `all agents have the old policy: ${why}`);
    // Before it is on the disk, which may be full: agents must not wait for that.
    this.#options.file.note(aborted);
    this.#options.publish(this.trial);
    this.#reports.clear();
    const kept = this.#saveEnd(aborted);
    this.#arm();
    return kept;
  }

  /** Writes an end down; what cannot be written is said in the rollout, and tried again with each tick. */
  #saveEnd({ unsaved: before, ...ended }: Rollout): Rollout {
    const { file, log } = this.#options;
    try {
      return this.#save(ended);
    } catch (error) {
      const unsaved = `not written down (${describeError(error)}): ${this.#afterRestart(ended)}`;
      if (unsaved !== before)
        log.error("Cannot write down that a rollout was aborted", { unsaved });
      const kept = { ...ended, unsaved };
      file.note(kept);
      return kept;
    }
  }

  #afterRestart(ended: Rollout): string {
    try {
      this.#options.file.endTrial(ended);
      return "it is tried again until it is; a restart knows that it ended, and not why";
    } catch (error) {
      return `a restart WOULD GIVE AGENTS THE NEW POLICY AGAIN (${describeError(error)}): make room, or do not restart`;
    }
  }

  #unsaved(): Rollout | undefined {
    return this.items.find(({ unsaved }) => unsaved !== undefined);
  }

  #noted(rollout: Rollout, by: string, what: string): Rollout {
    const events = [...rollout.events, { at: this.#now(), by, what }].slice(-maxEvents);
    return { ...rollout, events };
  }

  #put(rollout: Rollout): Rollout {
    this.#save(rollout);
    this.#options.publish(this.trial);
    if (isOver(rollout)) this.#reports.clear();
    this.#arm();
    return rollout;
  }

  #save(rollout: Rollout): Rollout {
    this.#options.file.put(rollout);
    return rollout;
  }

  #arm(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    const isIdle = this.#current() === undefined && this.#unsaved() === undefined;
    if (this.#isClosed || isIdle) return;
    this.#timer = clock.setTimeout(() => {
      void this.#inTurn(async () => this.#step());
      this.#arm();
    }, tickMs);
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  /** One step after the other; what fails is told to whoever asked, and logged. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#working.then(work);
    this.#working = result.then(
      () => {},
      (error: unknown) => {
        if (error instanceof ChangeRefused) return;
        this.#options.log.error("Rollout step failed", { error: describeError(error) });
      },
    );
    return result;
  }
}

/** Counts of processes that are long gone need no name. */
function foldOldest(counts: Rollout["counts"]): Rollout["counts"] {
  const names = Object.keys(counts).filter((name) => name !== foldedName);
  const [oldest] = names;
  if (oldest === undefined || names.length <= maxNamedProcesses) return counts;
  const { [oldest]: gone = nothing, [foldedName]: folded = nothing, ...rest } = counts;
  return {
    ...rest,
    [foldedName]: { old: addCounts(folded.old, gone.old), new: addCounts(folded.new, gone.new) },
  };
}

const nothing = { old: noCounts, new: noCounts };

/** What all gateway processes counted. */
export function bothSides({ counts }: Pick<Rollout, "counts">): BothSides {
  const all = Object.values(counts);
  return {
    old: all.reduce((sum, { old }) => addCounts(sum, old), noCounts),
    new: all.reduce((sum, one) => addCounts(sum, one.new), noCounts),
  };
}

/** A share for people. */
export function formatShare(parts: number): string {
  return `${(100 * parts) / shareParts} %`;
}

function conditionsOf({ abortOn }: Rollout): readonly Condition[] {
  return abortOn.map(readCondition).filter((one) => typeof one !== "string");
}
