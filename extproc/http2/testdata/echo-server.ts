/** A server that echoes every message, in a folder of its own, for tests with real clients. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { systemClock } from "../../../gateway/clock.ts";
import type { Clock } from "../../../gateway/clock.ts";
import type { CallEnd, OpenCall } from "../call.ts";
import type { Http2Limits } from "../limits.ts";
import { GrpcServer } from "../server.ts";
import { callPath } from "./client-frames.ts";

/** Echoes too, but ends no call. */
export const holdPath = "/test.Echo/Hold";

/** A running server. */
export interface EchoServer {
  readonly server: GrpcServer;
  /** Where it listens */
  readonly path: string;
  readonly ends: CallEnd[];
  readonly errors: unknown[];
}

/** What is different from the usual. */
export interface EchoOptions {
  readonly limits?: Partial<Http2Limits>;
  readonly clock?: Clock;
}

/** Listens on a Unix socket until the test ends. */
export async function startEcho(t: Test, options: EchoOptions = {}): Promise<EchoServer> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-http2-"));
  const path = join(directory, "echo.sock");
  const ends: CallEnd[] = [];
  const errors: unknown[] = [];
  const echo: OpenCall = (stream) => ({
    onMessage: (bytes, start, end) => stream.send(bytes.subarray(start, end)),
    onHalfClose: () => stream.finish(0),
    onClose: (end) => ends.push(end),
  });
  const { clock = systemClock, limits = {} } = options;
  const server = new GrpcServer({
    methods: new Map([
      [callPath, echo],
      [holdPath, (stream) => ({ ...echo(stream), onHalfClose() {} })],
    ]),
    clock,
    limits,
    onError: (error) => errors.push(error),
  });
  t.teardown(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  await server.listenUnix(path);
  return { server, path, ends, errors };
}
