/** Tests which listener has a connection, and what of its kind others have. */
import t from "tap";
import { candidates, fitting, lostPorts, namedPorts, reachAt, reachOf } from "./listener-reach.ts";

const tcp = { name: "tcp", shape: "tcp" } as const;
const tls = { name: "tls", shape: "tls-terminate", port: 443 } as const;
const plain = { name: "plain", shape: "http" } as const;
const late = { name: "late", shape: "tls-passthrough", port: 8_443 } as const;
const all = [tcp, tls, plain, late];

t.test("candidates() are those of the kind and the port, strongest first", async (t) => {
  t.same(candidates(fitting(all, "tls"), 443), [tls, tcp]);
  t.same(candidates(fitting(all, "http"), 443), [plain, tcp]);
  t.same(candidates(fitting(all, "raw"), undefined), [tcp]);
  t.same(namedPorts([late, tls, late]), [8_443, 443]);
});

t.test("reachOf() says what a listener has beside the others", async (t) => {
  t.same(reachOf(tcp, all), [
    { kind: "tls", isFirst: true, lostPorts: [443, 8_443] },
    { kind: "http", isFirst: false, lostPorts: [] },
    { kind: "raw", isFirst: true, lostPorts: [] },
  ]);
  t.same(reachOf(late, [...all, { ...tls, port: 8_443 }]), [
    { kind: "tls", isFirst: false, lostPorts: [] },
  ]);
  t.same(lostPorts(tls, "tls", all), []);
});

t.test("reachAt() leaves out ports that nobody asks for", async (t) => {
  const reach = reachOf(tcp, all);
  t.same(reachAt(reach, []), reach);
  t.same(reachAt(reach, [{ start: 400, end: 500 }])[0]?.lostPorts, [443]);
  t.same(reachAt(reach, [{ start: 22, end: 22 }])[0]?.lostPorts, []);
});
