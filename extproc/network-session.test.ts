/** Tests of the counts of one raw connection. */
import t from "tap";
import { NetworkSession } from "./network-session.ts";

t.test("NetworkSession counts the bytes of each direction and the time", async (t) => {
  let nowMs = 5_000;
  const session = new NetworkSession(() => nowMs);
  t.same(session.traffic, { bytesUpstream: 0, bytesDownstream: 0, durationMs: 0 });
  session.onMessage({ direction: "read", data: Buffer.alloc(3), endOfStream: false });
  session.onMessage({ direction: "write", data: Buffer.alloc(50), endOfStream: false });
  nowMs += 12.5;
  session.onMessage({ direction: "read", data: Buffer.alloc(4), endOfStream: true });
  session.onMessage({ direction: "write", data: Buffer.alloc(0), endOfStream: true });
  t.same(session.traffic, { bytesUpstream: 7, bytesDownstream: 50, durationMs: 12.5 });
});

t.test("NetworkSession keeps counting in a direction that said it had ended", async (t) => {
  const session = new NetworkSession(() => 0);
  session.onMessage({ direction: "read", data: Buffer.alloc(1), endOfStream: true });
  session.onMessage({ direction: "read", data: Buffer.alloc(1), endOfStream: false });
  t.equal(session.traffic.bytesUpstream, 2);
});
