/** Tests of the signing of attempts as conversations: what is signed is what is sent, or nothing is. */
import { createHash } from "node:crypto";
import t from "tap";
import type { Test } from "tap";
import { SecretValue } from "../gateway/secret-value.ts";
import { createAttemptSigner } from "./attempt-signer.ts";
import { decodeProcessingRequest } from "./messages.ts";
import type { AttemptEntry } from "./plan-book.ts";
import { envoyMessage } from "./testdata/envoy-messages.ts";
import { message, play, requestHeaders } from "./testdata/playbook.ts";
import { attemptPlan, resourceOf } from "./testdata/snapshots.ts";
import { UpstreamSession } from "./upstream-session.ts";

const secretKey = "wJalrXUtnFEMI/K7MDENG";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function entryOf(parts: Readonly<Record<string, string>>): AttemptEntry {
  const values = new Map(
    Object.entries(parts).map(([part, value]) => [
      `${resourceOf("aws")}/${part}`,
      new SecretValue(value),
    ]),
  );
  const plan = attemptPlan("aws");
  const signer = createAttemptSigner(plan.signing, (name) => values.get(name));
  return { plan, signer, guard: undefined };
}

const usable = entryOf({ access_key_id: "AKIDEXAMPLE", secret_access_key: secretKey });

interface Setting {
  /** Undefined: the thread has no plan of the id that Envoy asks by */
  readonly entry?: AttemptEntry | undefined;
  readonly nowMs?: number;
}

function start(test: Test, { nowMs = 0, ...setting }: Setting = {}) {
  const entry = "entry" in setting ? setting.entry : usable;
  const session = new UpstreamSession({ entry, nowUnixMs: () => nowMs });
  return play(session, (found, wanted) => test.match(found, wanted));
}

const bedrock = { ":authority": "bedrock-runtime.us-east-1.amazonaws.com" };
const stamp = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) };

/** Header changes of the last answer. */
function setOf(book: ReturnType<typeof start>): Readonly<Record<string, string>> {
  const last = book.said.at(-1);
  return last !== undefined && "set" in last ? (last.set ?? {}) : {};
}

t.test("onMessage() signs a request without a body at its headers", async (t) => {
  const book = start(t, stamp)
    .in(requestHeaders({ ...bedrock, ":method": "GET" }, true))
    .out({
      reply: "requestHeaders",
      set: {
        "x-amz-date": "20260102T030405Z",
        "x-amz-content-sha256": sha256(""),
        authorization: /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260102\/us-east-1\/bedrock\//,
      },
      remove: ["x-amz-s3session-token", "x-amz-security-token"],
    })
    .close();
  t.same(book.records, [], "an attempt leaves no record of its own");
});

t.test("onMessage() signs a body with the headers that came before it", async (t) => {
  start(t, stamp)
    .in(requestHeaders(bedrock))
    .out({ reply: "requestHeaders" })
    .in(message("request-body", { body: "payload", endOfStream: true }))
    .out({ reply: "requestBody", set: { "x-amz-content-sha256": sha256("payload") } });
});

t.test("onMessage() gives an empty body the signature of none", async (t) => {
  const atHeaders = start(t, stamp).in(requestHeaders(bedrock, true));
  const atBody = start(t, stamp)
    .in(requestHeaders(bedrock))
    .in(message("request-body", { endOfStream: true }))
    .out({ reply: "requestBody" });
  t.same(setOf(atBody), setOf(atHeaders));
});

t.test("onMessage() signs what Envoy sent, though its bytes are another's by then", async (t) => {
  const session = new UpstreamSession({ entry: usable, nowUnixMs: () => stamp.nowMs });
  const lent = play(
    {
      onMessage: (next) => {
        const bytes = envoyMessage(next);
        const commands = session.onMessage(decodeProcessingRequest(bytes, 0, bytes.length));
        bytes.fill(0x20);
        return commands;
      },
      onFault: () => session.onFault(),
      onClose: () => session.onClose(),
    },
    () => {},
  );
  const own = start(t, stamp);
  for (const book of [lent, own]) {
    book.in(requestHeaders(bedrock)).in(message("request-body", { body: "x", endOfStream: true }));
  }
  t.match(setOf(lent), { authorization: /^AWS4/ });
  t.same(setOf(lent), setOf(own));
});

/** Parts of a request that a signature covers; each changes it. */
const covered: readonly { readonly name: string; readonly headers: Record<string, string> }[] = [
  { name: "method", headers: { ":method": "PUT" } },
  { name: "path", headers: { ":path": "/model/a%2Fb/invoke" } },
  { name: "query", headers: { ":path": "/v1/chat/completions?a=1" } },
  { name: "host", headers: { ":authority": "bedrock-runtime.us-east-1.amazonaws.com:8443" } },
  { name: "content type", headers: { "content-type": "text/plain" } },
  { name: "x-amz header", headers: { "x-amz-target": "Other" } },
];

for (const { name, headers } of covered) {
  t.test(`onMessage() covers the ${name}`, async (t) => {
    const signatureOf = (changes: Record<string, string>) =>
      setOf(start(t, stamp).in(requestHeaders({ ...bedrock, ...changes }, true)))["authorization"];
    t.match(signatureOf(headers), /Signature=/);
    t.not(signatureOf(headers), signatureOf({}));
  });
}

t.test("onMessage() gives every attempt a signature of its own time", async (t) => {
  const [first, second] = [stamp.nowMs, stamp.nowMs + 1_000].map((nowMs) =>
    setOf(start(t, { nowMs }).in(requestHeaders(bedrock, true))),
  );
  t.not(first?.["authorization"], second?.["authorization"]);
  t.equal(second?.["x-amz-date"], "20260102T030406Z");
});

t.test("onMessage() overwrites what an agent signed with", async (t) => {
  const own = {
    authorization: "AWS4-HMAC-SHA256 Credential=AGENT/x",
    "x-amz-date": "20200101T000000Z",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-security-token": "agents-token",
  };
  const book = start(t, stamp).in(requestHeaders({ ...bedrock, ...own }, true));
  t.same(setOf(book), setOf(start(t, stamp).in(requestHeaders(bedrock, true))));
  book.out({ remove: ["x-amz-s3session-token", "x-amz-security-token"] });
});

t.test("onMessage() refuses by an unknown plan before a body is held", async (t) => {
  start(t, { entry: undefined })
    .in(requestHeaders(bedrock))
    .out({ reply: "immediateResponse", status: 503, details: "clrk_denied{not-ready}" })
    .in(message("request-body", { body: "x", endOfStream: true }))
    .out();
});

t.test("onMessage() refuses with the reason for which there is no signer", async (t) => {
  const message = (reason: string) => `Refused because the request cannot be signed: ${reason}`;
  start(t, { entry: entryOf({}) })
    .in(requestHeaders(bedrock))
    .out({
      status: 403,
      details: "clrk_denied{credential-missing}",
      body: { message: message("its credential has not arrived") },
    });
  start(t, { entry: entryOf({ access_key_id: "A", secret_access_key: "" }) })
    .in(requestHeaders(bedrock, true))
    .out({ status: 403, body: { message: message("the secret access key is empty") } });
});

t.test("onMessage() refuses in the shape of the host's SDK, whatever the port", async (t) => {
  start(t, { entry: entryOf({}) })
    .in(requestHeaders({ ":authority": "API.Anthropic.com:8443" }))
    .out({ status: 403, body: { type: "error", error: { type: "permission_error" } } });
});

t.test("onMessage() refuses what cannot be signed, and never sends it unsigned", async (t) => {
  start(t)
    .in(requestHeaders({ ...bedrock, ":path": "/?X-Amz-Signature=00&X-Amz-Credential=a" }, true))
    .out({ reply: "immediateResponse", status: 403, details: "clrk_denied{credential-missing}" });
  start(t)
    .in(
      requestHeaders({ ...bedrock, "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }),
    )
    .in(message("request-body", { body: "5;chunk-signature=", endOfStream: true }))
    .out({ reply: "immediateResponse", status: 403, details: "clrk_denied{credential-missing}" });
});

t.test("onMessage() never shows the secret, whatever it answers", async (t) => {
  const book = start(t, stamp)
    .in(requestHeaders(bedrock))
    .in(message("request-body", { body: "x", endOfStream: true }));
  t.notMatch(JSON.stringify(book.said), secretKey);
});

t.test("onMessage() ends an attempt whose body comes in pieces", async (t) => {
  start(t)
    .in(requestHeaders(bedrock))
    .in(message("request-body", { body: "half" }))
    .out({ kind: "end", status: 3, message: "The body came in pieces" })
    .in(message("request-body", { body: "rest", endOfStream: true }))
    .out();
});

const unexpected: readonly {
  readonly name: string;
  readonly play: (book: ReturnType<typeof start>) => ReturnType<typeof start>;
  readonly says: string;
}[] = [
  {
    name: "a body without headers",
    play: (book) => book.in(message("request-body", { body: "x", endOfStream: true })),
    says: "A body came without headers",
  },
  {
    name: "headers twice",
    play: (book) => book.in(requestHeaders(bedrock)).in(requestHeaders(bedrock)),
    says: "Headers came twice",
  },
  {
    name: "an answer",
    play: (book) => book.in(message("response-headers")),
    says: "Unexpected message: response-headers",
  },
  {
    name: "an answer's body",
    play: (book) => book.in(requestHeaders(bedrock)).in(message("response-body")),
    says: "Unexpected message: response-body",
  },
];

for (const { name, play: playOn, says } of unexpected) {
  t.test(`onMessage() ends an attempt at ${name}`, async (t) => {
    playOn(start(t))
      .out({ kind: "end", status: 3, message: says })
      .in(requestHeaders(bedrock, true))
      .out();
  });
}

t.test("onMessage() lets trailers pass", async (t) => {
  start(t)
    .in(requestHeaders(bedrock))
    .in(message("request-trailers"))
    .out({ reply: "requestTrailers" });
});

t.test("onFault() ends the attempt, and nothing is answered after it", async (t) => {
  start(t)
    .in(requestHeaders(bedrock))
    .fault()
    .out({ kind: "end", status: 13, message: "The session failed" })
    .in(message("request-body", { body: "x", endOfStream: true }))
    .out();
});

t.test("onClose() forgets the request", async (t) => {
  start(t)
    .in(requestHeaders(bedrock))
    .close()
    .out()
    .in(message("request-body", { body: "x", endOfStream: true }))
    .out();
});
