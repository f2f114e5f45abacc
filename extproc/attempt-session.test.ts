/** Conversations of one attempt of several: what the attempts before changed is undone, and no name leads inside. */
import { gzipSync } from "node:zlib";
import t from "tap";
import type { Test } from "tap";
import { createAddressGuard } from "../gateway/address-guard.ts";
import type { Candidate } from "../gateway/routing-plan.ts";
import type { AskedHead } from "./asked-head.ts";
import { decodeAskedHead, encodeAskedHead } from "./asked-head.ts";
import { AttemptSession } from "./attempt-session.ts";
import type { Way } from "./call-choice.ts";
import { requestFor } from "./candidate-request.ts";
import type { AttemptEntry } from "./plan-book.ts";
import { PlanBook } from "./plan-book.ts";
import { message, play, update } from "./testdata/playbook.ts";
import type { Playbook, ShortReply } from "./testdata/playbook.ts";
import {
  askedCall,
  backendOf,
  chat,
  claude,
  fallback,
  routedRule,
  sentRequest,
} from "./testdata/routing.ts";
import { routingTools } from "./testdata/routing-tools.ts";
import { signatureUse } from "./testdata/snapshots.ts";

type Pair = readonly [string, string];

const gemini = backendOf("gemini", "google_genai", {
  modelRewrites: [{ from: "*", to: "gemini-2.5-pro" }],
});
const bedrock = backendOf("bedrock", "aws_bedrock", {
  modelRewrites: [{ from: "*", to: "amazon.nova-pro-v1:0" }],
  signing: signatureUse("aws"),
});
const candidates = [claude(), gemini, backendOf("other", "openai"), bedrock];
const places = { claude: 0, gemini: 1, other: 2, bedrock: 3 } as const;

/** The plan of an attempt at one of the candidates. */
function entryOf(
  place: number,
  changes: { readonly provider?: string; readonly guarded?: readonly string[] } = {},
): AttemptEntry {
  const { provider = "openai", guarded = [] } = changes;
  const plan = {
    id: "a",
    gateway: "default/egress",
    fallback: {
      provider,
      rule: routedRule(candidates, { fallback }),
      candidate: place,
      guardedRanges: guarded,
    },
  };
  const book = new PlanBook([]);
  book.publish(update([], { attempts: [plan] }));
  const entry = book.findAttempt("a");
  if (entry === undefined) throw new TypeError("Cannot attempt: no plan");
  return entry;
}

interface Setting {
  readonly place: number;
  /** As the agent sent it */
  readonly headers?: readonly Pair[];
  readonly body?: object | Buffer;
  readonly path?: string;
  readonly provider?: string;
  readonly address?: string;
  readonly guarded?: readonly string[];
  readonly head?: "lost";
  /** As the attempt before left them */
  readonly left?: Readonly<Record<string, string>>;
}

const agents: readonly Pair[] = [
  ["content-type", "application/json; charset=utf-8"],
  ["openai-project", "p1"],
  ["accept-encoding", "gzip"],
];

function headOf(setting: Setting): AskedHead | undefined {
  const { headers = agents, body = chat(), provider = "openai" } = setting;
  const parts = { headers, body, ...(setting.path !== undefined && { path: setting.path }) };
  const ways = candidates.flatMap((candidate: Candidate): Way[] => {
    const outcome = requestFor(askedCall(provider, parts), candidate);
    return outcome.kind === "ok" ? [{ candidate, request: outcome.request }] : [];
  });
  return decodeAskedHead(encodeAskedHead("tx1", sentRequest(parts), { ways, held: [] }));
}

function begin(test: Test, setting: Setting): Playbook {
  const {
    place,
    address = "203.0.113.7:443",
    left = Object.fromEntries(setting.headers ?? agents),
  } = setting;
  const { provider, guarded } = setting;
  const entry = entryOf(place, {
    ...(provider !== undefined && { provider }),
    ...(guarded !== undefined && { guarded }),
  });
  const session = new AttemptSession({
    entry,
    head: setting.head === "lost" ? undefined : headOf(setting),
    address,
    tools: routingTools(),
  });
  return play(session, (found, wanted) => test.match(found, wanted)).in(
    message("request-headers", {
      headers: {
        ":method": "POST",
        ":path": "/of/the/attempt/before?key=its-secret",
        ":authority": "attempt-before.test",
        ...left,
      },
    }),
  );
}

function attempt(test: Test, setting: Setting): ShortReply {
  const { body = chat() } = setting;
  const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const book = begin(test, setting)
    .out({ reply: "requestHeaders" })
    .in(message("request-body", { body: bytes, endOfStream: true }));
  const last = book.said.at(-1);
  test.equal(book.said.length, 2);
  return last !== undefined && "reply" in last ? last : { reply: "none" };
}

/** What an attempt at Claude leaves of a request to OpenAI. */
const afterClaude = {
  "content-type": "application/json",
  "anthropic-version": "2023-06-01",
  "content-length": "99",
};

t.test("an attempt makes its own request of what the agent sent", async (t) => {
  const reply = attempt(t, { place: places.claude });
  t.match(reply, {
    reply: "requestBody",
    set: {
      ":path": "/v1/messages",
      ":authority": "claude.test",
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "content-length": String(Buffer.byteLength(reply.text ?? "")),
    },
    text: /"model":"claude-sonnet-4-5"/,
  });
  for (const name of ["authorization", "openai-project", "accept-encoding"]) {
    t.ok(reply.remove?.includes(name), name);
    t.notOk(Object.hasOwn(reply.set ?? {}, name), name);
  }
});

t.test("an attempt after another one restores what the agent sent", async (t) => {
  const reply = attempt(t, { place: places.other, left: afterClaude });
  t.match(reply, {
    set: {
      ":path": "/v1/chat/completions",
      ":authority": "other.test",
      "content-type": "application/json; charset=utf-8",
      "openai-project": "p1",
      "accept-encoding": "gzip",
      "content-length": String(JSON.stringify(chat()).length),
    },
    text: JSON.stringify(chat()),
  });
  t.ok(reply.remove?.includes("anthropic-version"), "which the attempt before set");
  t.notMatch(JSON.stringify(reply), /its-secret/);
});

t.test("an attempt after another one in a third dialect has nothing of either", async (t) => {
  const reply = attempt(t, { place: places.gemini, left: afterClaude });
  t.match(reply, { set: { ":path": "/v1beta/models/gemini-2.5-pro:generateContent" } });
  t.ok(reply.remove?.includes("anthropic-version"));
  t.ok(reply.remove?.includes("openai-project"));
});

t.test(
  "an attempt in the agent's own dialect keeps the version that the agent asked for",
  async (t) => {
    const setting = {
      provider: "anthropic",
      path: "/v1/messages",
      headers: [["anthropic-version", "2024-01-01"]] as const,
      body: { model: "m", max_tokens: 1, messages: [{ role: "user", content: "Hi" }] },
    };
    for (const left of [{ "anthropic-version": "2024-01-01" }, {}]) {
      const reply = attempt(t, { ...setting, place: places.claude, left });
      t.match(reply, { set: { "anthropic-version": "2024-01-01" } });
      t.notOk(reply.remove?.includes("anthropic-version"));
    }
  },
);

t.test("attempts read a compressed body, though one before took its coding off", async (t) => {
  const body = gzipSync(JSON.stringify(chat()));
  const headers = [...agents, ["content-encoding", "gzip"]] as const;
  for (const left of [Object.fromEntries(headers), afterClaude]) {
    const reply = attempt(t, { place: places.other, headers, body, left });
    t.equal(reply.text, JSON.stringify(chat()));
    t.ok(reply.remove?.includes("content-encoding"));
    t.notOk(Object.hasOwn(reply.set ?? {}, "content-encoding"));
  }
});

t.test("an attempt without its credential is refused in the agent's words", async (t) => {
  t.match(attempt(t, { place: places.bedrock }), {
    reply: "immediateResponse",
    status: 403,
    details: "clrk_denied{credential-missing}",
    body: { error: { code: "clrk_credential_missing" } },
  });
});

const unprepared: readonly (Setting & { readonly name: string })[] = [
  { name: "a candidate that is not there", place: 9 },
  { name: "a body that is none", place: places.claude, body: Buffer.from("{") },
  {
    name: "a coding that it does not have",
    place: places.claude,
    body: Buffer.from("{}"),
    headers: [["content-encoding", "gzip"]],
  },
  { name: "what the candidate cannot express", place: places.claude, body: chat({ n: 2 }) },
];
for (const { name, ...setting } of unprepared) {
  t.test(`an attempt with ${name} is refused`, async (t) => {
    t.match(attempt(t, setting), { reply: "immediateResponse", status: 503 });
  });
}

t.test("an attempt of which nobody said what the agent sent is refused at once", async (t) => {
  begin(t, { place: places.claude, head: "lost" })
    .out({ reply: "immediateResponse", status: 503 })
    .in(message("request-body", { body: "{}" }))
    .out();
});

const { ranges } = createAddressGuard(["198.51.100.9"]);

const guarded = [
  "127.0.0.1:443",
  "10.1.2.3:443",
  "169.254.169.254:80",
  "198.51.100.9:443",
  "[::1]:443",
  "[::]:443",
  "[fe80::1]:443",
  "[fd00:ec2::254]:80",
  "[::ffff:10.0.0.1]:443",
  "[::ffff:a00:1]:443",
  "[0:0:0:0:0:ffff:7f00:1]:443",
  "[::127.0.0.1]:443",
  "[::ffff:0:10.0.0.1]:443",
  "[64:ff9b::10.0.0.1]:443",
  "[64:ff9b:1::1]:443",
  "[2002:a00:1::]:443",
  "[2001::1]:443",
  "[::ffff:198.51.100.9]:443",
  "[fe80::1%eth0]:443",
  "",
  "-",
  "localhost:443",
  "10.1.2.3",
  "0x7f.1:443",
  "/var/run/socket",
];
for (const address of guarded) {
  t.test(
    `an attempt at ${address || "nothing"} is refused where names must not lead`,
    async (t) => {
      begin(t, { place: places.claude, address, guarded: ranges }).out({
        reply: "immediateResponse",
        status: 403,
        details: "clrk_denied{deny-policy}",
      });
    },
  );
}

const open = [
  "203.0.113.7:443",
  "9.255.255.255:443",
  "[2a00:1450::1]:443",
  "[::ffff:203.0.113.7]:443",
];
for (const address of open) {
  t.test(`an attempt at ${address} is made`, async (t) => {
    begin(t, { place: places.claude, address, guarded: ranges }).out({ reply: "requestHeaders" });
  });
}

t.test("an attempt at an address that a rule names on purpose is made", async (t) => {
  begin(t, { place: places.claude, address: "127.0.0.1:8080" }).out({ reply: "requestHeaders" });
});

t.test("onMessage() lets trailers pass and ends at what cannot come", async (t) => {
  begin(t, { place: places.claude })
    .in(message("request-trailers"))
    .out({ reply: "requestTrailers" })
    .in(message("response-headers"))
    .out({ kind: "end", status: 3 })
    .in(message("request-body", { body: "{}" }))
    .out();
  begin(t, { place: places.claude }).in(message("request-headers")).out({ kind: "end", status: 3 });
});

t.test("onFault() ends the attempt, and onClose() leaves no record", async (t) => {
  begin(t, { place: places.claude }).fault().out({ kind: "end", status: 13 }).close().out();
});
