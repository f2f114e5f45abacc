import t from "tap";
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import { Canaries, injectedCredentials, placeholder } from "./canaries.ts";
import { isGivenAway, isMisdirected } from "./misdirected.ts";

const canaries = new Canaries();

function request(change: Partial<ReceivedRequest>): ReceivedRequest {
  return {
    httpVersion: "1.1",
    method: "GET",
    authority: "allowed.test",
    host: "allowed.test",
    path: "/",
    pathname: "/",
    headers: { host: "allowed.test" },
    servername: "allowed.test",
    remotePort: 1,
    bodyBytes: 0,
    bodySha256: "",
    body: Buffer.alloc(0),
    state: "received",
    status: 200,
    replyState: "sent",
    ...change,
  };
}

t.test("isMisdirected() lets a request with its own credential be", async (test) => {
  const headers = { host: "allowed.test", "x-upstream-key": injectedCredentials.upstream };
  test.notOk(isMisdirected(request({ headers }), canaries));
  const query = { host: "query.test", servername: "query.test", headers: {} };
  const path = `/?key=${encodeURIComponent(injectedCredentials.query)}`;
  test.notOk(isMisdirected(request({ ...query, path }), canaries));
});

const wrong: readonly (readonly [string, Partial<ReceivedRequest>])[] = [
  ["a host that is not served", { host: "unlisted.test", headers: {} }],
  ["another name in the handshake", { servername: "other.test" }],
  ["another Host beside :authority", { headers: { host: "other.test" } }],
  ["a credential of another host", { headers: { "x-key": injectedCredentials.other } }],
  ["a placeholder", { headers: { authorization: `Bearer ${placeholder}` } }],
  ["a header of the gateway's own", { headers: { "x-clrk-run": "run" } }],
];
for (const [name, change] of wrong) {
  t.test(`isMisdirected() finds ${name}`, async (test) => {
    test.ok(isMisdirected(request(change), canaries));
  });
}

const never = () => false;
const always = () => true;
const owned = { headers: { host: "allowed.test", "x-upstream-key": injectedCredentials.upstream } };
const keys = { authorization: `Bearer ${placeholder}` };

t.test(
  "isGivenAway() lets by what audit mode lets by: anything without a credential",
  async (test) => {
    const elsewhere = { host: "unlisted.test", servername: "unlisted.test", headers: keys };
    test.notOk(isGivenAway(request(elsewhere), canaries, always));
    test.notOk(isGivenAway(request({ headers: keys }), canaries, always), "its own key");
    test.notOk(isGivenAway(request(owned), canaries, never));
  },
);

const given: readonly (readonly [string, Partial<ReceivedRequest>, () => boolean])[] = [
  ["a credential on a request that no rule is about", owned, always],
  ["another name in the handshake", { servername: "other.test" }, never],
  ["a credential of another host", { headers: { "x-key": injectedCredentials.other } }, never],
  ["a credential at a host of no rule", { ...owned, host: "unlisted.test" }, never],
  ["a key of the agent beside the injected one", { headers: { ...owned.headers, ...keys } }, never],
  ["a header of the gateway's own", { headers: { "x-clrk-run": "run" } }, never],
];
for (const [name, change, isForbidden] of given) {
  t.test(`isGivenAway() finds ${name}`, async (test) => {
    test.ok(isGivenAway(request(change), canaries, isForbidden));
  });
}
