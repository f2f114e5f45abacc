/** Swapping as a conversation: what stands between the gateway's own changes and the upstream. */
import t from "tap";
import type { Test } from "tap";
import type { SwapPlan } from "../gateway/snapshot.ts";
import type { SwapEntry } from "./swap-entry.ts";
import { SwapSession } from "./swap-session.ts";
import { message, readReply, requestHeaders, responseHeaders, short } from "./testdata/playbook.ts";
import {
  foreign,
  lackingEntry,
  placeholder,
  placeholderUse,
  swapEntry,
  swapPlan,
  value,
} from "./testdata/swaps.ts";

const scrubbing = swapPlan({ scrubs: [placeholderUse()] });

function start(plan: SwapPlan | undefined) {
  return new SwapSession(plan && swapEntry(plan));
}

function say(session: SwapSession, ...said: Parameters<typeof message>) {
  return short(session.onMessage(message(...said)));
}

/** An allowed request whose body follows. */
function begin(session: SwapSession): void {
  session.onMessage(requestHeaders({ authorization: `Bearer ${placeholder}` }));
}

function expectRefusal(test: Test, found: unknown, status: number, reason: string): void {
  test.match(found, [{ reply: "immediateResponse", status, details: `clrk_denied{${reason}}` }]);
}

t.test("onMessage() swaps heads and asks for answers that can be read", async (t) => {
  const session = start(scrubbing);
  const [reply] = short(
    session.onMessage(
      requestHeaders({ authorization: `Bearer ${placeholder}`, range: "bytes=0-1" }),
    ),
  );
  t.match(reply, {
    reply: "requestHeaders",
    set: { authorization: `Bearer ${value}`, "accept-encoding": "identity" },
    remove: ["range", "if-range"],
  });
});

t.test("onMessage() changes no answer's coding where answers are not searched", async (t) => {
  const session = start(swapPlan());
  const [reply] = short(session.onMessage(requestHeaders({ "x-key": placeholder })));
  t.same(reply, { reply: "requestHeaders", set: { "x-key": value } });
  t.same(short(session.onMessage(responseHeaders({ said: value }))), [
    { reply: "responseHeaders" },
  ]);
});

t.test("onMessage() swaps bodies across pieces, of the same length", async (t) => {
  const session = start(swapPlan());
  begin(session);
  const text = `{"key":"${placeholder}"}`;
  const first = say(session, "request-body", { body: text.slice(0, 20) });
  const second = say(session, "request-body", { body: text.slice(20), endOfStream: true });
  const passed = [...first, ...second].map((one) => ("text" in one ? one.text : "")).join("");
  t.equal(passed, text.replace(placeholder, value));
  t.same(say(session, "request-body", { body: "" }), [{ reply: "requestBody" }]);
});

t.test("onMessage() lets bodies pass where no placeholder is looked for in them", async (t) => {
  const session = start(swapPlan({ placeholders: [placeholderUse(["Header"])] }));
  begin(session);
  t.same(say(session, "request-body", { body: placeholder }), [{ reply: "requestBody" }]);
});

t.test("onMessage() refuses placeholders that are for others", async (t) => {
  const inHead = start(swapPlan());
  expectRefusal(
    t,
    short(inHead.onMessage(requestHeaders({ x: foreign }))),
    403,
    "placeholder-misdirected",
  );
  t.same(say(inHead, "request-body", { body: "x" }), [], "nothing follows a refusal");
  const inBody = start(swapPlan());
  begin(inBody);
  say(inBody, "request-body", { body: foreign.slice(0, 9) });
  const found = say(inBody, "request-body", { body: foreign.slice(9), endOfStream: true });
  expectRefusal(t, found, 403, "placeholder-misdirected");
  const inTrailers = start(swapPlan());
  begin(inTrailers);
  const trailers = say(inTrailers, "request-trailers", { headers: { x: foreign } });
  expectRefusal(t, trailers, 403, "placeholder-misdirected");
});

t.test("onMessage() tells the host's own SDK why it refuses", async (t) => {
  const session = start(swapPlan());
  const refusal = short(session.onMessage(requestHeaders({ x: foreign })));
  t.match(refusal, [{ body: { error: { code: "clrk_placeholder_misdirected" } } }]);
});

const refusals: readonly {
  name: string;
  entry: SwapEntry | undefined;
  status: number;
  reason: string;
}[] = [
  { name: "an unknown plan", entry: undefined, status: 503, reason: "not-ready" },
  {
    name: "a value that has not arrived",
    entry: lackingEntry(),
    status: 403,
    reason: "credential-missing",
  },
];

for (const { name, entry, status, reason } of refusals) {
  t.test(`onMessage() refuses for ${name}`, async (t) => {
    expectRefusal(t, short(new SwapSession(entry).onMessage(requestHeaders())), status, reason);
  });
}

t.test("onMessage() refuses a compressed body in which it would look", async (t) => {
  const headers = { "content-encoding": "gzip" };
  expectRefusal(
    t,
    short(start(swapPlan()).onMessage(requestHeaders(headers))),
    415,
    "body-malformed",
  );
  const withoutBody = start(swapPlan()).onMessage(requestHeaders(headers, true));
  t.match(short(withoutBody), [{ reply: "requestHeaders" }]);
});

t.test("onMessage() takes values out of answers, across pieces", async (t) => {
  const session = start(scrubbing);
  begin(session);
  const [head] = short(session.onMessage(responseHeaders({ said: value, "content-length": "40" })));
  t.same(head, { reply: "responseHeaders", set: { said: placeholder } }, "the length stays");
  const text = `you sent ${value}.`;
  const first = say(session, "response-body", { body: text.slice(0, 20) });
  const second = say(session, "response-body", { body: text.slice(20), endOfStream: true });
  const passed = [...first, ...second].map((one) => ("text" in one ? one.text : "")).join("");
  t.equal(passed, `you sent ${placeholder}.`);
});

t.test("onMessage() passes an event of a stream at once", async (t) => {
  const session = start(scrubbing);
  begin(session);
  session.onMessage(responseHeaders({ "content-type": "text/event-stream" }));
  const reply = say(session, "response-body", { body: 'data: {"text":"mk-7 & m\\n"}\n\n' });
  t.same(reply, [{ reply: "responseBody" }], "it passes as it is");
});

t.test("onMessage() refuses an answer that cannot be searched", async (t) => {
  const session = start(scrubbing);
  begin(session);
  const found = short(session.onMessage(responseHeaders({ "content-encoding": "br" })));
  expectRefusal(t, found, 502, "answer-unreadable");
  const empty = start(scrubbing);
  begin(empty);
  const head = empty.onMessage(responseHeaders({ "content-encoding": "br" }, true));
  t.match(short(head), [{ reply: "responseHeaders" }], "nothing is compressed where no body is");
});

t.test("onMessage() scrubs trailers, and cuts an answer whose end would be lost", async (t) => {
  const session = start(scrubbing);
  begin(session);
  session.onMessage(responseHeaders());
  say(session, "response-body", { body: "whole." });
  const [sent] = session.onMessage(message("response-trailers", { headers: { said: value } }));
  if (sent?.kind !== "send") throw new Error("Cannot read reply: nothing was sent");
  const { responseTrailers } = readReply(sent.bytes);
  const [change] = responseTrailers?.headerMutation?.setHeaders ?? [];
  t.equal(Buffer.from(change?.header?.rawValue ?? []).toString(), placeholder);
  const holding = start(scrubbing);
  begin(holding);
  holding.onMessage(responseHeaders());
  say(holding, "response-body", { body: value.slice(0, 9) });
  t.match(say(holding, "response-trailers"), [{ kind: "end", status: 13 }]);
  const upward = start(swapPlan());
  begin(upward);
  say(upward, "request-body", { body: placeholder.slice(0, 9) });
  t.match(say(upward, "request-trailers"), [{ kind: "end", status: 13 }]);
});

t.test("onMessage() lets a reply pass that Envoy made before any request was seen", async (t) => {
  const session = start(scrubbing);
  const reply = short(session.onMessage(responseHeaders({ "content-encoding": "gzip" })));
  t.same(reply, [{ reply: "responseHeaders" }]);
  t.same(say(session, "response-body", { body: value }), [{ reply: "responseBody" }]);
});

t.test("onFault() and a second head end the stream; onClose() leaves no record", async (t) => {
  t.match(short(start(scrubbing).onFault()), [{ kind: "end", status: 13 }]);
  const session = start(scrubbing);
  begin(session);
  t.match(short(session.onMessage(requestHeaders())), [{ kind: "end", status: 3 }]);
  const closed = start(scrubbing);
  t.same(closed.onClose(), []);
  t.same(closed.onMessage(requestHeaders()), []);
});
