/** Everything about agents that a control process has, put together: reconcilers, calls and schedules, on one store. */
import { GROUP, VERSION } from "../../crds/meta.ts";
import type { Clock } from "../../gateway/clock.ts";
import type { InvocationTraces } from "../../gateway/invocation-trace.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ConnectedResource } from "../apiserver/api-context.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import type { ActiveExecutions } from "../reconcilers/active-executions.ts";
import { Reconcilers } from "../reconcilers/reconcilers.ts";
import type { CallLog } from "./call-events.ts";
import { Dispatcher } from "./dispatcher.ts";
import { LostCalls } from "./lost-calls.ts";
import type { OpenCalls } from "./lost-calls.ts";
import { InvokeHandler } from "./invoke-handler.ts";
import { Scheduler } from "./scheduler.ts";

/** What it is made of. */
export interface AgentsOptions {
  /** Not theirs: close it afterwards */
  readonly store: ObjectStore;
  readonly resources: readonly ServedResource[];
  /** Takes what becomes of calls */
  readonly log: CallLog;
  /** Absent: what workers say counts, and calls of another life stay as they are */
  readonly executions?: ActiveExecutions & OpenCalls;
  readonly traces: InvocationTraces;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Agents of a control process. */
export interface Agents {
  /** `taskagents/NAME/invoke`, for the API server */
  readonly connected: readonly ConnectedResource[];
  readonly reconcilers: Reconcilers;
  readonly dispatcher: Dispatcher;
  readonly scheduler: Scheduler;
  /** Absent where nobody knows which calls have not ended */
  readonly lost?: LostCalls;
  /** Ends calls and then all else; safe to call again. */
  close(): Promise<void>;
}

/** Begins at once with all that is stored. */
export function openAgents(options: AgentsOptions): Agents {
  const { store, resources, log, executions, traces, clock, logger } = options;
  const reconcilers = new Reconcilers({
    ...{ store, resources, clock, log: logger },
    ...(executions && { executions }),
  });
  const { directory } = reconcilers;
  const dispatcher = new Dispatcher({ store, resources, directory, log, traces, clock, logger });
  const scheduler = new Scheduler({ store, resources, dispatcher, clock, log: logger });
  const lost =
    executions === undefined
      ? undefined
      : new LostCalls({
          ...{ calls: executions, dispatcher, store, resources, directory },
          ...{ log, traces, clock, logger },
        });
  const handler = new InvokeHandler({ dispatcher, clock, logger });
  return {
    connected: [invokeResource(handler)],
    ...{ reconcilers, dispatcher, scheduler },
    ...(lost && { lost }),
    close: async () => {
      dispatcher.close();
      await Promise.all([handler.close(), scheduler.close(), lost?.close()]);
      await reconcilers.close();
    },
  };
}

function invokeResource(handler: InvokeHandler): ConnectedResource {
  return {
    ...{ group: GROUP, version: VERSION, plural: "taskagents", subresource: "invoke" },
    ...{ kind: "TaskAgent", namespaced: true, verbs: ["create"], needsObject: true },
    // A call takes as long as its agent does.
    boundsItself: true,
    answer: async ({ request, response, user, target, signal }) => {
      const { namespace, name } = target;
      await handler.answer({ request, response, namespace, name, user: user.name, signal });
      return undefined;
    },
  };
}
