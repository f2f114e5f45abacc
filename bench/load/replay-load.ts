/**
 * The load client's loop of a replay: sends the steps of a recording in their order, each as soon as the answers are
 * there that Envoy had, and begins again on a new connection at its end.
 */
import { connect } from "node:net";
import { acknowledge, FLAG, FRAME, FrameCutter, MessageCounter } from "./http2-frames.ts";
import type { Frame } from "./http2-frames.ts";
import { readRecording } from "./recording.ts";
import type { Recording } from "./recording.ts";
import type { ReplayWorkload } from "./replay-workload.ts";
import { assertWarm, countFailure, createTally, measureLoad } from "./tally.ts";
import type { PreparedLoad, Tally } from "./tally.ts";
import { TunnelError } from "./tunnel.ts";

// HTTP/2's own, before a server says otherwise (RFC 9113, section 6.9.2).
const firstWindowBytes = 65_535;
const reconnectDelayMs = 20;
// Longer than a machine stands still that others have, too.
const mostLateMs = 30_000;

/** Warms up. Rejects when not one request of the recording was answered. */
export async function prepareReplay(workload: ReplayWorkload): Promise<PreparedLoad> {
  const recording = await readRecording(workload.recording);
  const run = (tally: Tally, untilMs: number) => {
    // However short the time: one request or failure at least, unless the server has nothing to say at all.
    const isOver = () => {
      const overMs = performance.now() - untilMs;
      return overMs >= mostLateMs || (overMs >= 0 && tally.requests + tally.failed > 0);
    };
    return Promise.all(
      workload.sockets.map((path) => replayUntil({ path, recording, tally, isOver })),
    );
  };
  const warmUp = createTally();
  await run(warmUp, performance.now() + workload.warmUpMs);
  assertWarm(warmUp);
  return {
    run: () =>
      measureLoad(async (tally, startedMs) => {
        await run(tally, startedMs + workload.durationMs);
      }),
    close() {},
  };
}

interface ReplayOptions {
  readonly path: string;
  readonly recording: Recording;
  readonly tally: Tally;
  readonly isOver: () => boolean;
}

async function replayUntil(options: ReplayOptions): Promise<void> {
  while (!options.isOver()) {
    const outcome = await new Promise<ReplayOutcome>((resolve) => replayOnce(options, resolve));
    if (outcome.kind === "done") continue;
    countFailure(options.tally, new TunnelError("closed", outcome.message));
    await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs));
  }
}

type ReplayOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };

function replayOnce(
  { path, recording, tally, isOver }: ReplayOptions,
  onEnd: (outcome: ReplayOutcome) => void,
): void {
  const socket = connect({ path });
  const end = (outcome: ReplayOutcome) => {
    socket.destroy();
    onEnd(outcome);
  };
  const position = new ReplayPosition(recording);
  let requests = 0;
  const advance = () => {
    const bytes = position.advance();
    if (bytes.length > 0) socket.write(bytes);
    tally.requests += position.requests - requests;
    requests = position.requests;
    if (position.isAtEnd || isOver()) end({ kind: "done" });
  };
  const cutter = new FrameCutter("server", (frame) => {
    const isAsked = (frame.flags & FLAG.ack) === 0;
    if (frame.type === FRAME.settings || frame.type === FRAME.ping) {
      if (isAsked) socket.write(acknowledge(frame));
    } else if (frame.type === FRAME.goAway) {
      end({ kind: "failed", message: "Request failed: closed: the server ended the connection" });
    } else {
      position.onFrame(frame);
    }
  });
  socket.on("connect", advance);
  socket.on("data", (chunk) => {
    if (typeof chunk !== "string") cutter.push(chunk);
    if (!socket.destroyed) advance();
  });
  socket.on("error", (error) => end({ kind: "failed", message: error.message }));
  socket.on("close", () => end({ kind: "failed", message: "the server closed the connection" }));
}

/** How far one connection has come in a recording. */
export class ReplayPosition {
  readonly #recording: Recording;
  /** Answers by stream, those of streams that are over included: a recording is short */
  readonly #counters = new Map<number, MessageCounter>();
  #next = 0;
  #window = firstWindowBytes;
  #requests = 0;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /** Streams whose last step so far was a reset: Envoy resets each stream that it is done with. */
  get requests(): number {
    return this.#requests;
  }

  /** Everything was sent. */
  get isAtEnd(): boolean {
    return this.#next === this.#recording.ends.length;
  }

  /** Takes a frame of the server other than SETTINGS, PING and GOAWAY. */
  onFrame(frame: Frame): void {
    if (frame.type === FRAME.data) this.#counters.get(frame.streamId)?.push(frame);
    else if (frame.type === FRAME.windowUpdate && frame.streamId === 0) {
      this.#window += frame.bytes.readUInt32BE(9) & 0x7fffffff;
    }
  }

  /** What can be sent now; a view into the recording. */
  advance(): Buffer {
    const { answers, bytes, ends, flowBytes, streams } = this.#recording;
    const start = this.#next === 0 ? 0 : (ends[this.#next - 1] ?? 0);
    let end = start;
    while (this.#next < ends.length) {
      const stream = streams[this.#next] ?? 0;
      const counter = this.#counters.get(stream);
      const taken = flowBytes[this.#next] ?? 0;
      if ((counter?.messages ?? 0) < (answers[this.#next] ?? 0) || taken > this.#window) break;
      this.#window -= taken;
      const type = bytes[end + 3];
      if (this.#next > 0 && stream > 0) {
        if (type === FRAME.headers) this.#counters.set(stream, new MessageCounter());
        else if (type === FRAME.resetStream) this.#requests += 1;
      }
      end = ends[this.#next] ?? end;
      this.#next += 1;
    }
    return bytes.subarray(start, end);
  }
}
