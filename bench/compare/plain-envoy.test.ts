/** Reading the admin answer; the start itself is tested by the contenders that use it. */
import t from "tap";
import { parseListenerPort } from "./plain-envoy.ts";

t.test("parseListenerPort() finds the port of a listener among others", async (t) => {
  const text = "mitm::envoy://mitm/\nproxy::127.0.0.1:4711\nbodies::127.0.0.1:4712\n";
  t.equal(parseListenerPort(text, "proxy"), 4711);
  t.equal(parseListenerPort(text, "bodies"), 4712);
  for (const text of [
    "",
    "other::127.0.0.1:1\n",
    "proxy::127.0.0.1:0\n",
    "proxy::envoy://mitm/\n",
    "xproxy::127.0.0.1:5\n",
  ]) {
    t.equal(parseListenerPort(text, "proxy"), undefined);
  }
});
