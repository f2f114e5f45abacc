/** Sends one call to a started contender and reads the whole answer as an agent would: is it what the fake model said? */
import { request } from "node:http";
import { answerText, deltaText, openaiAnswers } from "./llm-answers.ts";
import { chatBody } from "./llm-chat.ts";
import type { RunningLlm } from "./llm-contender.ts";
import { openSocket } from "./plain-socket.ts";

/** What came back. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

const deadlineMs = 15_000;
// Of a refusal, in the one line that tells it.
const shownCharacters = 200;

/** Undefined when a call is answered rightly, whole and as a stream of `events` pieces; else a clause that says what is wrong. */
export async function findMistake(
  running: RunningLlm,
  events: number,
): Promise<string | undefined> {
  const whole = await ask(running, false);
  const mistake = judgeWhole(whole);
  if (mistake !== undefined) return mistake;
  return judgeStream(await ask(running, true), events);
}

/** What is wrong with a whole answer. */
export function judgeWhole({ body, status }: ProbeAnswer): string | undefined {
  if (status !== 200) return `a call was answered ${status}: ${shorten(body)}`;
  const answer = tryParse(body);
  const text = answer?.choices?.[0]?.message?.content;
  if (text !== answerText) return `the answer does not hold the model's text: ${shorten(body)}`;
  if (answer?.object !== "chat.completion") return "the answer is no chat completion";
  return answer.usage?.completion_tokens === 200 ? undefined : "the answer has lost its tokens";
}

/** What is wrong with a streamed answer. */
export function judgeStream({ body, status }: ProbeAnswer, events: number): string | undefined {
  if (status !== 200) return `a streamed call was answered ${status}: ${shorten(body)}`;
  const lines = body.split("\n").filter((line) => line.startsWith("data: "));
  const chunks = lines.map((line) => tryParse(line.slice("data: ".length)));
  const text = chunks.map((chunk) => chunk?.choices?.[0]?.delta?.content ?? "").join("");
  if (text !== deltaText.repeat(events - 2)) return `the stream does not hold the model's text`;
  if (!chunks.some((chunk) => chunk?.usage?.completion_tokens === 200)) {
    return "the stream has lost its tokens";
  }
  return lines.at(-1) === "data: [DONE]" ? undefined : "the stream has no end mark";
}

function ask({ headers, host, target }: RunningLlm, stream: boolean): Promise<ProbeAnswer> {
  const body = chatBody({ bytes: 2_048, stream });
  const fields = headers.map((line) => line.split(/: (.*)/s, 2));
  return new Promise((resolve, reject) => {
    const call = request({
      method: "POST",
      path: openaiAnswers.path,
      headers: {
        host,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        connection: "close",
        ...Object.fromEntries(fields),
      },
      createConnection: () => openSocket(target),
      signal: AbortSignal.timeout(deadlineMs),
    });
    call.once("error", reject);
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    call.end(body);
  });
}

/** The parts of a chat completion and of its chunks that are looked at. */
interface Completion {
  readonly object?: string;
  readonly choices?: readonly {
    readonly message?: { readonly content?: string };
    readonly delta?: { readonly content?: string | null };
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
}

function tryParse(text: string): Completion | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, shownCharacters);
}
