/** A dispatcher over a real store and a real log of events, with HTTP servers that are workers. */
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Test } from "tap";
import type { Clock } from "../../../gateway/clock.ts";
import { systemClock } from "../../../gateway/clock.ts";
import type { InvocationEvent } from "../../../gateway/invocation-event.ts";
import { InvocationTraces, invocationTraceKey } from "../../../gateway/invocation-trace.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { allResources } from "../../apiserver/all-resources.ts";
import { openSqliteEventLog } from "../../invocations/sqlite-event-log.ts";
import type { WorkerEntry } from "../../reconcilers/testdata/reconciler-rig.ts";
import { ReconcilerRig, taskAgent, workerPool } from "../../reconcilers/testdata/reconciler-rig.ts";
import type { Reconcilers } from "../../reconcilers/reconcilers.ts";
import { Dispatcher } from "../dispatcher.ts";

/** A worker that listens. */
export interface TestWorker {
  readonly podName: string;
  readonly endpoint: string;
  /** Requests that it got, whole or not */
  readonly requests: readonly IncomingMessage[];
}

/** The traces that everything in a test agrees on. */
export const testTraces = new InvocationTraces(invocationTraceKey(new Uint8Array(32)));

/** See the file. */
export class DispatchRig {
  readonly objects: ReconcilerRig;
  readonly reconcilers: Reconcilers;
  readonly log: ReturnType<typeof openSqliteEventLog>;
  readonly dispatcher: Dispatcher;

  private constructor(t: Pick<Test, "testdir" | "teardown">, objects: ReconcilerRig) {
    this.objects = objects;
    this.log = openSqliteEventLog({ path: join(t.testdir(), "events.db"), clock: systemClock });
    t.teardown(() => this.log.close());
    this.reconcilers = objects.start(t);
    this.dispatcher = new Dispatcher({
      ...{ store: objects.store, resources: allResources(), clock: objects.clock },
      ...{ directory: this.reconcilers.directory, log: this.log },
      ...{ traces: testTraces, logger: silentLogger },
    });
    t.teardown(() => this.dispatcher.close());
  }

  /** Opens one with the TaskAgent `bot` of pool `pool`. */
  static async open(
    t: Test,
    options: { agent?: object; pool?: object; clock?: Clock } = {},
  ): Promise<DispatchRig> {
    const folders = t.testdir({ objects: {}, events: {} });
    const at = (name: string) => ({
      testdir: () => join(folders, name),
      teardown: t.teardown.bind(t),
    });
    const objects = await ReconcilerRig.open(at("objects"), options.clock);
    await objects.apply(workerPool("pool", options.pool));
    await objects.apply(taskAgent("bot", options.agent));
    const rig = new DispatchRig(at("events"), objects);
    await rig.reconcilers.idle();
    return rig;
  }

  /** Name of the newest revision of `bot`. */
  get revision(): string {
    return this.objects.status("TaskAgent", "bot").latestCreatedRevisionName;
  }

  /** Starts a worker; it is no worker of the revision before it is reported. */
  async startWorker(t: Test, podName: string, answer: RequestListener): Promise<TestWorker> {
    const requests: IncomingMessage[] = [];
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      requests.push(request);
      request.on("error", () => {});
      response.on("error", () => {});
      answer(request, response);
    };
    const server = createServer(listener);
    // A worker that refuses must not ask for the body first.
    server.on("checkContinue", listener);
    const port = await listen(server);
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return { podName, endpoint: `127.0.0.1:${port}`, requests };
  }

  /** Makes these the workers of the revision. */
  async report(...workers: readonly (WorkerEntry | TestWorker)[]): Promise<void> {
    const entries = workers.map((worker) => {
      const { podName, endpoint } = worker;
      if ("requests" in worker) {
        return { podName, imagePulled: true, ...(endpoint !== undefined && { endpoint }) };
      }
      return worker;
    });
    await this.objects.report(this.revision, entries);
    await this.reconcilers.idle();
  }

  /** Events of one invocation, in the order of the log: `Phase` or `Phase Reason`. */
  async phases(id: string): Promise<readonly string[]> {
    const events = await this.events();
    return events
      .filter((event) => event.id === id)
      .map(({ phase, reason }) => (reason === "" ? phase : `${phase} ${reason}`));
  }

  /** All events. */
  async events(): Promise<readonly InvocationEvent[]> {
    const page = await this.log.read(undefined, { limit: 1_000 });
    return page.kind === "events" ? page.events.flatMap(({ event }) => event ?? []) : [];
  }
}

/** Takes a request, its body too: what a Node server does by itself where nobody listens for `checkContinue`. */
export async function readAll(request: IncomingMessage, response: ServerResponse): Promise<string> {
  if (request.headers.expect !== undefined) response.writeContinue();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("No address");
  return address.port;
}
