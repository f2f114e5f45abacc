/** What reconcilers and calls ask about invocations that have not ended, of a service that may not be open yet. */
import { isAgentKind } from "../../crds/agent-labels.ts";
import type { OpenCalls } from "../dispatch/lost-calls.ts";
import type { ActiveExecutions, AgentName } from "../reconcilers/active-executions.ts";
import type { OpenInvocation } from "./active-invocations.ts";
import type { InvocationService } from "./invocation-service.ts";

/** While the service is not open nothing is known. */
export class ServiceExecutions implements ActiveExecutions, OpenCalls {
  readonly #service: InvocationService;

  constructor(service: InvocationService) {
    this.#service = service;
  }

  count(agent: AgentName): number | undefined {
    const { now } = this.#service;
    return now.kind === "open" ? now.invocations.active.count(agent) : undefined;
  }

  async find(last?: OpenInvocation): Promise<readonly OpenInvocation[] | undefined> {
    const { now } = this.#service;
    return now.kind === "open" ? now.invocations.active.find("TaskAgent", last) : undefined;
  }

  subscribe(onChange: (agent?: AgentName) => void): () => void {
    let end: () => void = () => {};
    const stop = this.#service.onOpen(({ active }) => {
      end = active.subscribe((agent) => {
        if (agent === undefined) onChange();
        else if (isAgentKind(agent.kind)) onChange({ ...agent, kind: agent.kind });
      });
      onChange();
    });
    return () => {
      stop();
      end();
    };
  }
}
