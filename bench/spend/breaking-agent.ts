/**
 * Agents over real connections that break off what they began: in the middle of their request, before its answer, or
 * at any byte of the answer; by resetting a stream, or with the whole connection.
 */
import { randomBytes } from "node:crypto";
import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { openSecureTunnel } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { answerPlanOf } from "./call-plan.ts";
import { pick } from "./random.ts";

/** What agents ask. */
export interface AgentTexts {
  readonly prompts: readonly string[];
  readonly random: () => number;
  /** Of calls that break off, from 0 to 1 */
  readonly brokenShare: number;
}

/** How a call ended for its agent. */
export type CallEnding = "whole" | "broken" | "failed";

/** One call that was made. */
export interface MadeCall {
  readonly traceId: string;
  readonly ending: CallEnding;
  /** 0 when no head came */
  readonly status: number;
}

interface Endpoint {
  readonly host: string;
  readonly path: string;
  readonly model: string;
}

const endpoints: readonly Endpoint[] = [
  { host: "api.openai.com", path: "/v1/chat/completions", model: "gpt-4.1" },
  { host: "api.anthropic.com", path: "/v1/messages", model: "claude-sonnet-4-5" },
];

const tool = {
  name: "read_file",
  description: "Reads a file of the workspace and gives its lines, numbered from 1",
  input_schema: { type: "object", properties: { file: { type: "string" } }, required: ["file"] },
};

const deadlineMs = 15_000;

/** One connection of an agent to one provider, opened again when it is gone. */
export class BreakingAgent {
  readonly #access: () => Promise<AgentAccess>;
  readonly #texts: AgentTexts;
  readonly #endpoint: Endpoint;
  #session: ClientHttp2Session | undefined;

  /** `access` waits while there is no gateway. */
  constructor(access: () => Promise<AgentAccess>, texts: AgentTexts, index: number) {
    this.#access = access;
    this.#texts = texts;
    this.#endpoint = endpoints[index % endpoints.length] ?? pick(texts.random, endpoints);
  }

  /** Makes one call; undefined where no gateway could be reached. */
  async call(): Promise<MadeCall | undefined> {
    const session = await this.#open();
    if (session === undefined) return undefined;
    const traceId = randomBytes(16).toString("hex");
    return new Conversation({
      ...{ session, traceId, endpoint: this.#endpoint, texts: this.#texts },
    }).run();
  }

  /** Ends the connection. */
  close(): void {
    this.#session?.destroy();
  }

  async #open(): Promise<ClientHttp2Session | undefined> {
    const open = this.#session;
    if (open !== undefined && !open.destroyed && !open.closed) return open;
    const access = await this.#access();
    try {
      const socket = await openSecureTunnel(access, `${this.#endpoint.host}:443`, "h2");
      const session = connect(`https://${this.#endpoint.host}`, { createConnection: () => socket });
      session.on("error", () => {});
      session.once("close", () => socket.destroy());
      this.#session = session;
      return session;
    } catch {
      // The gateway is on its way out, or not there yet.
      return undefined;
    }
  }
}

interface ConversationParts {
  readonly session: ClientHttp2Session;
  readonly traceId: string;
  readonly endpoint: Endpoint;
  readonly texts: AgentTexts;
}

type Break =
  | { readonly at: "nowhere" }
  | { readonly at: "request"; readonly bytes: number }
  | { readonly at: "head"; readonly afterMs: number }
  | { readonly at: "answer"; readonly bytes: number };

/** One call on its way. */
class Conversation {
  readonly #parts: ConversationParts;
  readonly #body: Buffer;
  readonly #isStream: boolean;
  readonly #break: Break;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    const { random } = parts.texts;
    this.#isStream = random() < 0.6;
    this.#body = makeBody(parts, this.#isStream);
    this.#break = this.#planBreak();
  }

  run(): Promise<MadeCall> {
    const { session, traceId, endpoint } = this.#parts;
    const stream = session.request({
      ":method": "POST",
      ":path": endpoint.path,
      "content-type": "application/json",
      "content-length": this.#body.length,
      traceparent: `00-${traceId}-${traceId.slice(0, 16)}-01`,
      "anthropic-version": "2023-06-01",
    });
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), deadlineMs);
    return new Promise((resolve) => {
      let status = 0;
      let bytes = 0;
      let isEnded = false;
      let isBroken = false;
      const breakOff = () => {
        if (isEnded) return;
        isBroken = true;
        this.#breakOff(stream);
      };
      stream.on("error", () => {});
      stream.once("response", (headers) => {
        status = headers[":status"] ?? 0;
      });
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (this.#break.at === "answer" && bytes >= this.#break.bytes) breakOff();
      });
      stream.once("end", () => {
        isEnded = true;
      });
      stream.once("close", () => {
        clearTimeout(timer);
        const isWhole = isEnded && status === 200 && stream.rstCode === constants.NGHTTP2_NO_ERROR;
        const ending = isBroken ? "broken" : isWhole ? "whole" : "failed";
        resolve({ traceId, ending, status });
      });
      this.#send(stream, breakOff);
    });
  }

  #send(stream: ClientHttp2Stream, breakOff: () => void): void {
    if (this.#break.at === "request") {
      stream.write(this.#body.subarray(0, this.#break.bytes), breakOff);
      return;
    }
    stream.end(this.#body);
    if (this.#break.at !== "head") return;
    const timer = setTimeout(breakOff, this.#break.afterMs);
    stream.once("response", () => clearTimeout(timer));
  }

  #breakOff(stream: ClientHttp2Stream): void {
    if (this.#parts.texts.random() < 0.1) this.#parts.session.destroy();
    else stream.close(constants.NGHTTP2_CANCEL);
  }

  #planBreak(): Break {
    const { texts, traceId } = this.#parts;
    const { random, brokenShare } = texts;
    if (random() >= brokenShare) return { at: "nowhere" };
    const plan = answerPlanOf(traceId);
    switch (Math.floor(random() * 3)) {
      case 0:
        return { at: "request", bytes: Math.floor(random() * this.#body.length) };
      case 1:
        return { at: "head", afterMs: random() * (plan.thinkMs + 10) };
      default:
        return { at: "answer", bytes: 1 + random() * this.#answerBytes(plan.tokens) };
    }
  }

  /** Less than the answer will have, so that what is to break does. */
  #answerBytes(tokens: number): number {
    return this.#isStream ? tokens * 25 : 300 + tokens * 2;
  }
}

function makeBody({ endpoint, texts }: ConversationParts, isStream: boolean): Buffer {
  const { random, prompts } = texts;
  const isClaude = endpoint.path === "/v1/messages";
  const system = random() < 0.3 ? [pick(random, prompts).slice(0, 1_000)] : [];
  const body = {
    model: endpoint.model,
    ...(isClaude && system.length > 0 && { system: system[0] }),
    messages: [
      ...(isClaude ? [] : system.map((content) => ({ role: "system", content }))),
      { role: "user", content: pick(random, prompts) },
    ],
    ...(isClaude && random() < 0.2 && { tools: [tool] }),
    max_tokens: 1_024,
    ...(isStream && { stream: true }),
  };
  const text = JSON.stringify(body);
  return Buffer.from(random() < 0.1 ? escaped(text) : text);
}

/** As Python's `json.dumps` writes it. */
function escaped(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
