/**
 * Asks a webhook whether a call may go on: one signed POST, one small answer. Whatever is no clear answer is a failure.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request as requestTls } from "node:https";
import type { OpenConfirmation } from "./confirmation.ts";
import { request as requestPlain } from "./node-http.ts";
import type { SecretValue } from "./secret-value.ts";

/** One question to a webhook. */
export interface WebhookQuestion {
  /** https, or http of this machine */
  readonly url: string;
  /** Signs the question: text, or `whsec_` and base64 */
  readonly key: SecretValue;
  readonly question: OpenConfirmation;
  /** Ends it when the question is open no more */
  readonly signal: AbortSignal;
}

/** What it answered, or a clause about why that is no answer. */
export type WebhookAnswer =
  | {
      readonly kind: "answered";
      readonly decision: "approve" | "deny";
      /** Of any length up to that of an answer */
      readonly reason: string;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** Asks; never rejects. */
export type AskWebhook = (question: WebhookQuestion) => Promise<WebhookAnswer>;

/** Bytes of an answer: a word and a sentence. */
const maxAnswerBytes = 16 * 1024;

/** Asks by HTTP. Redirects are not followed: whoever is asked was named by the operator. */
export const askWebhook: AskWebhook = async ({ url, key, question, signal }) => {
  const body = questionJson(question);
  const timestamp = String(Math.floor(Date.parse(question.askedAt) / 1_000));
  try {
    const response = await send(url, {
      body,
      signal,
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "content-length": String(Buffer.byteLength(body)),
        "webhook-id": question.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key, `${question.id}.${timestamp}.${body}`),
      },
    });
    const status = response.statusCode ?? 0;
    if (status !== 200) {
      response.destroy();
      return failed(`the webhook answered with status ${status}, wanted 200`);
    }
    return parseAnswer(await readAll(response));
  } catch {
    // Its message may name addresses that are none of the agent's matters.
    return failed("the webhook could not be asked");
  }
};

/** The question as a webhook reads it; digits of arguments are those that the agent sent. */
export function questionJson(question: OpenConfirmation): string {
  const { calls, asks: _asks, ...rest } = question;
  const texts = calls.map(({ tool, arguments: shown, isCut }) => {
    const name = `"tool":${JSON.stringify(tool)}`;
    // Cut text is no JSON: it goes as a text.
    if (isCut) return `{${name},"argumentsText":${JSON.stringify(shown)},"isCut":true}`;
    return `{${name},"arguments":${shown === "" ? "null" : shown},"isCut":false}`;
  });
  return `${JSON.stringify(rest).slice(0, -1)},"calls":[${texts.join(",")}]}`;
}

function send(
  url: string,
  {
    body,
    headers,
    signal,
  }: {
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<IncomingMessage> {
  const request = url.startsWith("https:") ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers, signal, agent: false });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end(body);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxAnswerBytes) throw new RangeError("Cannot read answer: it is too long");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseAnswer(text: string): WebhookAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return failed("the webhook's answer is not JSON");
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    return failed("the webhook's answer is no object");
  }
  const { decision, reason = "" }: { decision?: unknown; reason?: unknown } = answer;
  if (decision !== "approve" && decision !== "deny") {
    return failed('the webhook\'s answer has no decision "approve" or "deny"');
  }
  if (typeof reason !== "string") return failed("the reason of the webhook's answer is no text");
  return { kind: "answered", decision, reason };
}

function failed(reason: string): WebhookAnswer {
  return { kind: "failed", reason };
}

function sign(key: SecretValue, text: string): string {
  const value = key.reveal();
  const bytes = value.startsWith("whsec_")
    ? Buffer.from(value.slice("whsec_".length), "base64")
    : Buffer.from(value, "latin1");
  return `v1,${createHmac("sha256", bytes).update(text).digest("base64")}`;
}
