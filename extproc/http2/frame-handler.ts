/**
 * What the frames of a peer mean, one by one: each is checked against RFC 9113 §6 and carried out, or is a fault that
 * ends the connection.
 */

import type { Clock } from "../../gateway/clock.ts";
import type { ServerCounters } from "./counters.ts";
import { faultOf, floodFault, protocolFault, sizeFault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import { createGuards } from "./flood-guards.ts";
import type { FloodGuards } from "./flood-guards.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { HeaderBlock } from "./header-block.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import type { HeaderList } from "./hpack-decoder.ts";
import type { Http2Limits } from "./limits.ts";
import { readSettings } from "./peer-settings.ts";
import { ERROR, FLAG, FRAME, MAX_INT31 } from "./protocol.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { RequestStreams } from "./request-streams.ts";
import type { Congestible } from "./sender.ts";
import type { OpenStream } from "./stream.ts";

/** What handling frames needs. */
export interface FrameHandlerOptions {
  readonly writer: FrameWriter;
  readonly sink: Congestible;
  readonly limits: Http2Limits;
  readonly counters: ServerCounters;
  readonly clock: Clock;
  readonly openStream: OpenStream;
  /** Something was written and has to be flushed */
  readonly onWritten: () => void;
  /** The peer answered a PING of ours; the payload is borrowed */
  readonly onPong: (payload: Buffer) => void;
}

/** Of a PRIORITY field: dependency and weight (RFC 7540 §6.3). */
const priorityBytes = 5;

const noBytes: Buffer = Buffer.alloc(0);
const pingBytes = 8;
const leastGoawayBytes = 8;

/** Handles the frames of one connection in their order. */
export class FrameHandler {
  readonly streams: RequestStreams;
  readonly #options: FrameHandlerOptions;
  readonly #writer: FrameWriter;
  readonly #block: HeaderBlock;
  readonly #decoder: HpackDecoder;
  readonly #guards: FloodGuards;
  readonly #window: ReceiveWindow;
  /** Used for every DATA frame, so that none costs an object */
  readonly #body = { bytes: noBytes, start: 0, end: 0, flowBytes: 0, isLast: false };
  #isReady = false;

  constructor(options: FrameHandlerOptions) {
    const { limits, writer } = options;
    this.#options = options;
    this.#writer = writer;
    this.#block = new HeaderBlock(limits);
    this.#decoder = new HpackDecoder(limits.maxHeaderListBytes);
    this.#guards = createGuards(limits, options.clock);
    this.#window = new ReceiveWindow(limits.connectionWindowBytes);
    this.streams = new RequestStreams({ ...options, guards: this.#guards });
  }

  /** Whether the peer's first SETTINGS have come. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Carries out one frame; the fault that ends the connection, if it is one. */
  handle(frame: FrameReader): Fault | undefined {
    if (!this.#isReady && !isFirstSettings(frame)) {
      return protocolFault("the first frame is not SETTINGS");
    }
    const { streamId } = this.#block;
    if (streamId !== 0 && (frame.type !== FRAME.continuation || frame.streamId !== streamId)) {
      return protocolFault("a header block is interrupted");
    }
    switch (frame.type) {
      case FRAME.data:
        return this.#onData(frame);
      case FRAME.headers:
        return this.#onHeaders(frame);
      case FRAME.rstStream:
        return this.#onReset(frame);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(frame);
      case FRAME.continuation:
        return this.#onContinuation(frame);
      case FRAME.settings:
        return this.#onSettings(frame);
      case FRAME.ping:
        return this.#onPing(frame);
      case FRAME.priority:
        return this.#onPriority(frame);
      case FRAME.goaway:
        return this.#onGoaway(frame);
      case FRAME.pushPromise:
        return protocolFault("PUSH_PROMISE from a client");
      default:
        return this.#ignore();
    }
  }

  #onData(frame: FrameReader): Fault | undefined {
    const { streamId, start, end, bytes, flags } = frame;
    if (streamId === 0) return protocolFault("DATA on stream 0");
    const padding = paddingOf(frame);
    if (padding < 0) return protocolFault("padding longer than its frame");
    const flowBytes = end - start;
    const increment = this.#window.take(flowBytes);
    if (increment > 0) this.#writer.windowUpdate(0, increment);
    const body = this.#body;
    body.bytes = bytes;
    body.start = (flags & FLAG.padded) === 0 ? start : start + 1;
    body.end = end - padding;
    body.flowBytes = flowBytes;
    body.isLast = (flags & FLAG.endStream) !== 0;
    return this.streams.onData(streamId, body);
  }

  #onHeaders(frame: FrameReader): Fault | undefined {
    const { streamId, bytes, flags } = frame;
    if (streamId === 0) return protocolFault("HEADERS on stream 0");
    const padding = paddingOf(frame);
    const hasPriority = (flags & FLAG.priority) !== 0;
    const at = (flags & FLAG.padded) === 0 ? frame.start : frame.start + 1;
    const start = hasPriority ? at + priorityBytes : at;
    const end = frame.end - padding;
    if (padding < 0 || start > end)
      return protocolFault("HEADERS shorter than what they must hold");
    if (hasPriority && dependency(bytes, at) === streamId) return selfDependency();
    const isLast = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) === 0) {
      this.#block.begin(streamId, isLast);
      return this.#block.add(bytes, start, end);
    }
    return this.#onList(streamId, this.#decoder.decode(bytes, start, end), isLast);
  }

  #onContinuation({ bytes, start, end, flags }: FrameReader): Fault | undefined {
    const block = this.#block;
    const { streamId, isLast } = block;
    if (streamId === 0) return protocolFault("CONTINUATION without HEADERS");
    const fault = block.add(bytes, start, end);
    if (fault !== undefined || (flags & FLAG.endHeaders) === 0) return fault;
    const whole = block.finish();
    return this.#onList(streamId, this.#decoder.decode(whole, 0, whole.length), isLast);
  }

  #onList(id: number, list: HeaderList | undefined, isLast: boolean): Fault | undefined {
    if (list !== undefined) return this.streams.onHeaders(id, list, isLast);
    return faultOf(ERROR.COMPRESSION_ERROR, "a header block cannot be decoded");
  }

  #onReset({ streamId, start, end }: FrameReader): Fault | undefined {
    if (streamId === 0) return protocolFault("RST_STREAM on stream 0");
    if (end - start !== 4) return sizeFault("RST_STREAM not of 4 bytes");
    return this.streams.onReset(streamId);
  }

  #onWindowUpdate({ streamId, bytes, start, end }: FrameReader): Fault | undefined {
    if (end - start !== 4) return sizeFault("WINDOW_UPDATE not of 4 bytes");
    if (this.#guards.windowUpdates.hit()) return floodFault("window-updates");
    const increment = bytes.readUInt32BE(start) & MAX_INT31;
    if (streamId !== 0) return this.streams.onWindowUpdate(streamId, increment);
    if (increment === 0) return protocolFault("WINDOW_UPDATE of 0");
    return this.streams.sender.openConnection(increment) ? undefined : windowOverflow();
  }

  #onSettings({ streamId, flags, bytes, start, end }: FrameReader): Fault | undefined {
    if (streamId !== 0) return protocolFault("SETTINGS on a stream");
    if (this.#guards.settings.hit()) return floodFault("settings");
    if ((flags & FLAG.ack) !== 0) {
      return start === end ? undefined : sizeFault("acknowledged SETTINGS with values");
    }
    const { error, initialWindow } = readSettings(bytes, start, end);
    if (error !== ERROR.NO_ERROR) return faultOf(error, "SETTINGS with a wrong value");
    this.#isReady = true;
    if (initialWindow !== undefined && !this.streams.setInitialWindow(initialWindow)) {
      return windowOverflow();
    }
    // Before the first bytes that the new windows allow: what comes later is by the new settings.
    this.#writer.settingsAck();
    this.streams.sender.pump();
    return undefined;
  }

  #onPing({ streamId, flags, bytes, start, end }: FrameReader): Fault | undefined {
    if (streamId !== 0) return protocolFault("PING on a stream");
    if (end - start !== pingBytes) return sizeFault("PING not of 8 bytes");
    if (this.#guards.pings.hit()) return floodFault("pings");
    const payload = bytes.subarray(start, end);
    if ((flags & FLAG.ack) === 0) this.#writer.pingAck(payload);
    else this.#options.onPong(payload);
    return undefined;
  }

  #onPriority({ streamId, bytes, start, end }: FrameReader): Fault | undefined {
    if (streamId === 0) return protocolFault("PRIORITY on stream 0");
    if (end - start !== priorityBytes) return sizeFault("PRIORITY not of 5 bytes");
    return dependency(bytes, start) === streamId ? selfDependency() : this.#ignore();
  }

  /** A client accepts no streams of ours, so its GOAWAY changes nothing: it closes when it has what it wants. */
  #onGoaway({ streamId, start, end }: FrameReader): Fault | undefined {
    if (streamId !== 0) return protocolFault("GOAWAY on a stream");
    return end - start < leastGoawayBytes ? sizeFault("GOAWAY below 8 bytes") : this.#ignore();
  }

  #ignore(): Fault | undefined {
    return this.#guards.ignoredFrames.hit() ? floodFault("ignored-frames") : undefined;
  }
}

/** Stream that a PRIORITY field names (RFC 7540 §6.3). */
function dependency(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & MAX_INT31;
}

/** RFC 7540 §5.3.1; RFC 9113 has no priorities any more, but a peer that breaks this is broken. */
function selfDependency(): Fault {
  return protocolFault("a stream depends on itself");
}

/** §6.9.1. */
function windowOverflow(): Fault {
  return faultOf(ERROR.FLOW_CONTROL_ERROR, "a window above 2^31-1");
}

function isFirstSettings({ type, flags }: FrameReader): boolean {
  return type === FRAME.settings && (flags & FLAG.ack) === 0;
}

/** Bytes of padding after the payload of a DATA or HEADERS frame; -1 when they do not fit in. */
function paddingOf({ flags, bytes, start, end }: FrameReader): number {
  if ((flags & FLAG.padded) === 0) return 0;
  const padding = start < end ? (bytes[start] ?? 0) : end;
  return padding < end - start ? padding : -1;
}
