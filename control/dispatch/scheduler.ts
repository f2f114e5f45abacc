/**
 * Calls TaskAgents by their schedules. When a call was due is stored before it is next: a restart neither forgets nor
 * repeats one. An agent whose scheduled call still runs is not called again by its schedule.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ConditionReason, ReasonOf } from "../../crds/conditions.ts";
import { createCondition, replaceConditions } from "../../crds/conditions.ts";
import { readCronSchedule } from "../../crds/cron-schedule.ts";
import type { TaskAgent } from "../../crds/task-agent.ts";
import { taskAgentKind } from "../../crds/task-agent.ts";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { wholeSeconds } from "../apiserver/apply/system-fields.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import { ObjectWriter, keyOf } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { changeStatus, conditionsIn, statusIn } from "../objects/status-change.ts";
import { resourceOf } from "../reconcilers/reconciler-parts.ts";
import { WorkQueue } from "../reconcilers/work-queue.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { SchedulePlan } from "./schedule-plan.ts";
import { planSchedule } from "./schedule-plan.ts";

/** What a scheduler works with. */
export interface SchedulerOptions {
  readonly store: ObjectStore;
  readonly resources: readonly ServedResource[];
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Longest time in `ms` until the clock is looked at again, which may have been set. */
const longestWaitMs = 60_000;

/** Whose the fields are. */
const manager = "clrk-scheduler";

const owned: ReadonlySet<string> = new Set(["Scheduled"]);

/** What became of a time. */
interface Fired {
  readonly reason: "ScheduleRegistered" | "LastFireFailed";
  /** Sentence about a call that was not taken; empty where it was */
  readonly problem: string;
}

/** The running scheduler; it begins at once with what is stored. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #resource: ServedResource;
  readonly #writer: ObjectWriter;
  readonly #queue: WorkQueue;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #missed = 0;

  constructor(options: SchedulerOptions) {
    const { store, resources, clock, log } = options;
    this.#options = options;
    this.#resource = resourceOf(resources, "TaskAgent");
    this.#writer = new ObjectWriter(store, clock);
    this.#queue = new WorkQueue({
      ...{ name: "schedule of TaskAgent", clock, log },
      work: (key) => this.#reconcile(key),
    });
    this.#unsubscribe = store.subscribe((changes) => {
      for (const { resource, object, change } of changes) {
        if (resource !== this.#resource.storage) continue;
        const key = keyOfAgent(object);
        if (change === "DELETED") this.#queue.forget(key);
        else this.#look(object);
      }
    });
    for (const { text } of store.reader.each({ resource: this.#resource.storage })) {
      this.#look(JSON.parse(text));
    }
  }

  /** Times that nobody kept, since the process began */
  get missed(): number {
    return this.#missed;
  }

  /** Scheduled calls that run */
  get running(): number {
    return this.#running.size;
  }

  /** Resolves when nothing is left to do but what is timed, and no scheduled call runs. */
  async idle(): Promise<void> {
    do {
      await this.#queue.idle();
      await Promise.all(this.#running.values());
    } while (this.#queue.size > 0 || this.#running.size > 0);
  }

  /** Ends its calls; safe to call again. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#closing.abort();
    await this.#queue.close();
    await Promise.all(this.#running.values());
  }

  /** Most agents have no schedule, and never had one. */
  #look(agent: KubeObject): void {
    const { spec } = agent;
    const hasSchedule = isRecord(spec) && spec["schedule"] !== undefined;
    const { nextScheduleTime } = statusIn(agent);
    const hadSchedule =
      nextScheduleTime !== undefined ||
      conditionsIn(statusIn(agent)).some(({ type }) => type === "Scheduled");
    if (hasSchedule || hadSchedule) this.#queue.add(keyOfAgent(agent));
  }

  async #reconcile(key: string): Promise<void> {
    const { store, clock } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    const state = store.reader.find(keyOf(this.#resource, { namespace, name }));
    if (state === undefined) return;
    const agent: KubeObject = JSON.parse(state.text);
    if (agent.metadata.deletionTimestamp !== undefined) return;
    const parsed = taskAgentKind.parse(agent);
    if (parsed.kind === "invalid") return;
    const { schedule } = parsed.object.spec;
    if (schedule === undefined) {
      await this.#writeStatus(key, (status) => withoutSchedule(status));
      return;
    }
    const reading = readCronSchedule(schedule);
    if (reading.kind === "invalid") {
      await this.#writeStatus(key, (status) =>
        this.#stateOf(agent, status, {
          ...{ reason: "ParseError", message: `Cannot read "${schedule}": ${reading.detail}` },
        }),
      );
      return;
    }
    const plan = planSchedule({ schedule: reading.value, ...timesOf(agent), now: clock.now() });
    await this.#follow(key, agent, parsed.object, plan);
  }

  async #follow(
    key: string,
    agent: KubeObject,
    parsed: TaskAgent,
    plan: SchedulePlan,
  ): Promise<void> {
    const { clock, log } = this.#options;
    const { due, next, missed } = plan;
    if (missed > 0) {
      this.#missed += missed;
      log.warn("Scheduled times were missed", { agent: key, missed });
    }
    const fired = due === undefined ? undefined : await this.#fire(key, agent, parsed, due);
    await this.#writeStatus(key, (status) => {
      const registered = `Called by "${parsed.spec.schedule}"`;
      const before = conditionsIn(status).find(({ type }) => type === "Scheduled");
      // What the last time came to stays until the next, unless the agent was changed.
      const isKept =
        fired === undefined &&
        before?.reason === "LastFireFailed" &&
        before.observedGeneration === agent.metadata.generation;
      const said = isKept
        ? { reason: "LastFireFailed" as const, message: before.message }
        : {
            reason: fired?.reason ?? ("ScheduleRegistered" as const),
            message: fired?.problem || (next === undefined ? neverDue(parsed) : registered),
          };
      const { nextScheduleTime: _, ...rest } = this.#stateOf(agent, status, said);
      return {
        ...rest,
        ...(due !== undefined && { lastScheduleTime: wholeSeconds(new Date(due)) }),
        ...(next !== undefined && { nextScheduleTime: wholeSeconds(new Date(next)) }),
      };
    });
    if (next === undefined) return;
    this.#queue.addAfter(key, Math.max(0, Math.min(next - clock.now(), longestWaitMs)));
  }

  async #fire(key: string, agent: KubeObject, parsed: TaskAgent, due: number): Promise<Fired> {
    const at = wholeSeconds(new Date(due));
    if (this.#running.has(key)) {
      const problem = `Not called at ${at}: the call before it has not ended`;
      return { reason: "LastFireFailed", problem };
    }
    const { dispatcher, log } = this.#options;
    const { namespace, name } = parsed.metadata;
    const admitted = await dispatcher.admit({
      ...{ id: idOf(agent, due), namespace, name, isRepeated: true, signal: this.#closing.signal },
      trigger: { type: "Cron", source: parsed.spec.schedule ?? "" },
      headers: { "content-type": "application/json" },
      body: Readable.from([Buffer.from(JSON.stringify(parsed.spec.scheduleInput ?? {}))]),
    });
    if (admitted.kind === "refused") {
      // It was called by a process that ended before it could store that.
      if (admitted.status === 409) return { reason: "ScheduleRegistered", problem: "" };
      const problem = `Not called at ${at}: ${admitted.message}`;
      return { reason: "LastFireFailed", problem };
    }
    const run = this.#run(admitted)
      .catch((error: unknown) => {
        log.warn("Scheduled call failed", { agent: key, error: describeError(error) });
        return undefined;
      })
      .then(async (problem) => {
        this.#running.delete(key);
        if (problem === undefined) return;
        await this.#noteFailure(key, `Called at ${at}: ${problem}`);
      });
    this.#running.set(key, run);
    return { reason: "ScheduleRegistered", problem: "" };
  }

  /** Why it came to nothing; undefined where it did not. */
  async #run(admitted: Extract<Awaited<ReturnType<Dispatcher["admit"]>>, { kind: "admitted" }>) {
    const answer = await admitted.send();
    if (answer.kind === "refused") return answer.message;
    answer.response.resume();
    const end = await answer.ended;
    const { statusCode = 0 } = answer.response;
    if (end !== "complete") return `its answer was not whole (${end})`;
    return statusCode >= 400 ? `it answered with status ${statusCode}` : undefined;
  }

  async #noteFailure(key: string, message: string): Promise<void> {
    try {
      await this.#writeStatus(key, (status, agent) => {
        return this.#stateOf(agent, status, { reason: "LastFireFailed", message });
      });
    } catch (error) {
      this.#options.log.warn("Cannot write the status of a schedule", {
        ...{ agent: key, error: describeError(error) },
      });
    }
  }

  #stateOf(
    agent: KubeObject,
    status: Readonly<Record<string, unknown>>,
    said: { readonly reason: ReasonOf<"Scheduled"> & ConditionReason; readonly message: string },
  ): Readonly<Record<string, unknown>> {
    const condition = createCondition({
      ...{ type: "Scheduled", ...said, observedGeneration: agent.metadata.generation },
      now: wholeSeconds(new Date(this.#options.clock.now())),
    });
    return { ...status, conditions: replaceConditions(conditionsIn(status), [condition], owned) };
  }

  #writeStatus(
    key: string,
    status: (current: Readonly<Record<string, unknown>>, agent: KubeObject) => object,
  ): Promise<void> {
    const [namespace = "", name = ""] = key.split("/");
    return changeStatus(this.#writer, {
      ...{ resource: this.#resource, namespace, name, manager },
      status: (current) => status(statusIn(current), current),
    });
  }
}

function withoutSchedule(status: Readonly<Record<string, unknown>>): object {
  const { nextScheduleTime: _, ...rest } = status;
  return { ...rest, conditions: replaceConditions(conditionsIn(status), [], owned) };
}

function timesOf(agent: KubeObject) {
  const status = statusIn(agent);
  const timeOf = (value: unknown) => (typeof value === "string" ? Date.parse(value) : undefined);
  const scheduled = conditionsIn(status).find(({ type }) => type === "Scheduled");
  return {
    planned: timeOf(status["nextScheduleTime"]),
    last: timeOf(status["lastScheduleTime"]),
    isChanged: scheduled?.observedGeneration !== agent.metadata.generation,
  };
}

/** The same for the same time of the same agent, so that a call that was begun is known again. */
function idOf({ metadata }: KubeObject, due: number): string {
  const hex = createHash("sha256").update(`${metadata.uid} ${due}`).digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join("-");
}

function neverDue({ spec }: TaskAgent): string {
  return `"${spec.schedule}" names no time that ever comes`;
}

function keyOfAgent({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
