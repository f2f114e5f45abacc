/** Tests of the ties between a stream and its session: messages, work, faults and the end, each exactly once. */
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import type { CallFacts } from "../gateway/call-facts.ts";
import type { WorkOutcome } from "../gateway/decision.ts";
import type { SessionCommand } from "./commands.ts";
import { nothing } from "./commands.ts";
import type { AnySession } from "./session-call.ts";
import { SessionCall } from "./session-call.ts";
import { callFacts } from "./testdata/call-facts.ts";
import { envoyMessage } from "./testdata/envoy-messages.ts";
import { message, requestHeaders } from "./testdata/playbook.ts";
import { RecordingStream } from "./testdata/recording-stream.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";
import type { TransactionMessage } from "./transaction-message.ts";
import type { Worker } from "./work-runner.ts";
import { WorkRunner } from "./work-runner.ts";

const secret = "sk-secret-of-an-agent";

/** A session that answers as it is told; what happened to it is kept. */
class ScriptedSession implements AnySession {
  readonly events: string[] = [];
  readonly outcomes: WorkOutcome[] = [];
  isSettling = false;
  readonly #answers: Readonly<Record<string, () => readonly SessionCommand[]>>;

  constructor(answers: Readonly<Record<string, () => readonly SessionCommand[]>> = {}) {
    this.#answers = answers;
  }

  onMessage({ phase }: TransactionMessage): readonly SessionCommand[] {
    return this.#answer(phase);
  }

  onOutcome(outcome: WorkOutcome): readonly SessionCommand[] {
    this.outcomes.push(outcome);
    return this.#answer("outcome");
  }

  onFault(): readonly SessionCommand[] {
    return this.#answer("fault");
  }

  onClose(): readonly SessionCommand[] {
    return this.#answer("close");
  }

  onSettled(): readonly SessionCommand[] {
    this.isSettling = false;
    return this.#answer("settled");
  }

  #answer(event: string): readonly SessionCommand[] {
    this.events.push(event);
    return this.#answers[event]?.() ?? nothing;
  }
}

function open(session: AnySession, worker: Worker = async () => "done") {
  const clock = new ManualClock();
  const counters = new ThreadCounters(createCounters(1), 0);
  const stream = new RecordingStream();
  const facts: CallFacts[] = [];
  const work = new WorkRunner({ workers: new Map([["w", worker]]), clock });
  const onFacts = (found: CallFacts) => facts.push(found);
  const call = new SessionCall(stream, { clock, counters, work, onFacts }).begin(session);
  const say = (next: TransactionMessage) => {
    const bytes = envoyMessage(next);
    call.onMessage(bytes, 0, bytes.length);
  };
  return { clock, counters, stream, facts, call, say };
}

const send = (text: string): SessionCommand => ({ kind: "send", bytes: Buffer.from(text) });
const record: SessionCommand = { kind: "record", facts: callFacts() };
const end: SessionCommand = { kind: "end", status: 13, message: "The session failed" };
const startWork: SessionCommand = {
  kind: "start-work",
  work: { kind: "work", worker: "w", input: 1, deadlineMs: 50 },
};
const fail = () => {
  throw new Error(secret);
};
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

t.test("a session hears once that its reservation is pending no more", async (t) => {
  let callback = () => {};
  const reservation = {
    standing: "pending",
    whenWritten(given: () => void) {
      callback = given;
    },
    settle() {},
  } as const;
  const session = new ScriptedSession({
    "request-headers": () => [{ kind: "await-reservation", reservation }],
    outcome: () => [send("on")],
  });
  const { stream, say } = open(session);
  say(requestHeaders());
  t.strictSame(stream.sent, []);
  callback();
  t.strictSame(session.outcomes, [{ kind: "done", value: undefined }]);
  t.strictSame(stream.sent.map(String), ["on"]);
});

t.test("onMessage() carries out what the session asks, in its order", async (t) => {
  const session = new ScriptedSession({
    "request-headers": () => [send("one"), record, send("two")],
    "request-body": () => [send("three")],
  });
  const { stream, facts, say } = open(session);
  say(requestHeaders());
  say(message("request-body", { body: "x" }));
  t.same(stream.sent.map(String), ["one", "two", "three"]);
  t.same(facts, [callFacts()]);
  t.same(session.events, ["request-headers", "request-body"]);
});

t.test("SessionCall counts streams that are open and all there were", async (t) => {
  const { counters, call } = open(new ScriptedSession());
  t.equal(counters.get("openStreams"), 1);
  call.onClose();
  call.onClose();
  t.equal(counters.get("openStreams"), 0);
  t.equal(counters.get("totalStreams"), 1);
  t.equal(counters.get("failedStreams"), 0);
});

t.test("onHalfClose() never ends the call with OK: the request would pass undecided", async (t) => {
  const { stream, call, counters } = open(new ScriptedSession());
  call.onHalfClose();
  t.same(stream.end, { status: 14, message: "The stream was half closed" });
  t.equal(counters.get("failedStreams"), 0, "it is Envoy that went away");
});

t.test(
  "onMessage() ends the call at bytes that cannot be read, and shows nothing of them",
  async (t) => {
    const session = new ScriptedSession({ close: () => [record] });
    const { stream, counters, facts, call, say } = open(session);
    say(requestHeaders());
    const bytes = Buffer.from(`\u0012\u007f${secret}`);
    call.onMessage(bytes, 0, bytes.length);
    call.onMessage(bytes, 0, bytes.length);
    say(message("request-body", { body: "x" }));
    t.same(stream.end, { status: 3, message: "The message cannot be read" });
    t.equal(counters.get("failedStreams"), 1, "a stream fails once");
    call.onClose();
    t.same(session.events, ["request-headers", "close"]);
    t.equal(facts.length, 1, "what was seen before is recorded");
  },
);

t.test("onMessage() lets the session refuse after a fault, and takes no more", async (t) => {
  const session = new ScriptedSession({
    "request-headers": fail,
    fault: () => [send("refusal")],
  });
  const { stream, counters, say } = open(session);
  say(requestHeaders());
  say(message("request-body", { body: "x" }));
  t.same(stream.sent.map(String), ["refusal"]);
  t.equal(stream.end, undefined, "Envoy ends a stream that was refused");
  t.equal(counters.get("failedStreams"), 1);
  t.same(session.events, ["request-headers", "fault"]);
});

t.test("onMessage() counts a fault once when the session ends the call for it", async (t) => {
  const { stream, counters, say } = open(
    new ScriptedSession({ "request-headers": fail, fault: () => [end] }),
  );
  say(requestHeaders());
  t.same(stream.end, { status: 13, message: "The session failed" });
  t.equal(counters.get("failedStreams"), 1);
});

t.test("onMessage() ends the call when not even a refusal can be made", async (t) => {
  const { stream, counters, say } = open(
    new ScriptedSession({ "request-headers": fail, fault: fail }),
  );
  t.doesNotThrow(() => say(requestHeaders()));
  t.same(stream.end, { status: 13, message: "The session failed" });
  t.equal(counters.get("failedStreams"), 1);
});

t.test("an end that the session asks for counts as a failure", async (t) => {
  const { stream, counters, say } = open(new ScriptedSession({ "response-body": () => [end] }));
  say(message("response-body", { body: "x" }));
  t.same(stream.end, { status: 13, message: "The session failed" });
  t.equal(counters.get("failedStreams"), 1);
});

t.test("the outcome of work goes to the session, and what it asks for then is done", async (t) => {
  const session = new ScriptedSession({
    "request-headers": () => [startWork],
    outcome: () => [send("decided")],
  });
  const { stream, say } = open(session);
  say(requestHeaders());
  t.same(stream.sent, []);
  await turn();
  t.same(session.outcomes, [{ kind: "done", value: "done" }]);
  t.same(stream.sent.map(String), ["decided"]);
});

t.test("a fault at an outcome is one of the session", async (t) => {
  const session = new ScriptedSession({
    "request-headers": () => [startWork],
    outcome: fail,
    fault: () => [send("refusal")],
  });
  const { stream, counters, say } = open(session);
  say(requestHeaders());
  await turn();
  t.same(stream.sent.map(String), ["refusal"]);
  t.equal(counters.get("failedStreams"), 1);
});

t.test("onClose() gives up work, whose outcome nobody hears any more", async (t) => {
  const signals: AbortSignal[] = [];
  const session = new ScriptedSession({ "request-headers": () => [startWork] });
  const { clock, call, say } = open(session, (_input, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  say(requestHeaders());
  call.onClose();
  t.ok(signals[0]?.aborted);
  clock.advance(1_000);
  await turn();
  t.same(session.events, ["request-headers", "close"]);
  t.equal(clock.pendingTimers, 0);
});

t.test("onClose() records at once where nothing is left to be read", async (t) => {
  const { clock, facts, call } = open(new ScriptedSession({ close: () => [record] }));
  call.onClose();
  call.onClose();
  t.equal(facts.length, 1);
  t.equal(clock.pendingTimers, 0);
});

function settling() {
  const session = new ScriptedSession({
    close: () => {
      session.isSettling = true;
      return nothing;
    },
    settled: () => [record],
  });
  return session;
}

t.test("onSettled() records when bodies were read after the end of the stream", async (t) => {
  const { clock, facts, call } = open(settling());
  call.onClose();
  t.same(facts, []);
  clock.advance(1_999);
  call.onSettled();
  t.equal(facts.length, 1);
  t.equal(clock.pendingTimers, 0);
});

t.test("onClose() waits two seconds for bodies that are still being read", async (t) => {
  const { clock, facts, call } = open(settling());
  call.onClose();
  clock.advance(1_999);
  t.same(facts, []);
  clock.advance(1);
  t.equal(facts.length, 1);
});

t.test("a fault at the end breaks nothing", async (t) => {
  for (const event of ["close", "settled"]) {
    const session = new ScriptedSession({ [event]: fail, fault: () => [end] });
    const { counters, call } = open(session);
    t.doesNotThrow(() => call.onClose());
    t.doesNotThrow(() => call.onSettled());
    t.equal(counters.get("openStreams"), 0, event);
    t.equal(counters.get("failedStreams"), 1, event);
  }
});

t.test("a session of attempts has no work and nothing to settle", async (t) => {
  const session: AnySession = {
    onMessage: () => [startWork],
    onFault: () => nothing,
    onClose: () => nothing,
  };
  const { call, say, stream } = open(session);
  say(requestHeaders());
  await turn();
  call.onClose();
  call.onSettled();
  t.same(stream.sent, []);
});
