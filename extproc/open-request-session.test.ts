/** One open request as a conversation: its place is taken at its headers, and free again when its stream ends. */
import t from "tap";
import { OpenRequestSession } from "./open-request-session.ts";
import { createOpenMemory, OpenRequests } from "./open-requests.ts";
import { message, requestHeaders, responseHeaders, short } from "./testdata/playbook.ts";

function starter(most: number | undefined) {
  const requests = new OpenRequests(createOpenMemory(1, 16), { threads: 1, slot: 0 });
  return () => new OpenRequestSession({ key: "gateway agent", most, requests });
}

t.test("onMessage() holds a place until the stream is closed", async (t) => {
  const start = starter(1);
  const first = start();
  t.match(short(first.onMessage(requestHeaders())), [{ reply: "requestHeaders" }]);
  const refused = start();
  t.match(short(refused.onMessage(requestHeaders())), [
    {
      reply: "immediateResponse",
      status: 429,
      details: "clrk_denied{too-many-open}",
      body: { error: { message: /has 1 requests open/ } },
    },
  ]);
  refused.onClose();
  t.match(short(start().onMessage(requestHeaders())), [{ status: 429 }], "it held nothing");
  t.match(short(first.onMessage(message("response-trailers", { headers: {} }))), [
    { reply: "responseTrailers" },
  ]);
  first.onClose();
  first.onClose();
  t.match(short(start().onMessage(requestHeaders())), [{ reply: "requestHeaders" }]);
  t.match(short(start().onMessage(requestHeaders())), [{ status: 429 }], "it was given once");
});

t.test("onFault() gives the place back", async (t) => {
  const start = starter(1);
  const session = start();
  session.onMessage(requestHeaders());
  t.match(session.onFault(), [{ kind: "end" }]);
  t.match(short(start().onMessage(requestHeaders())), [{ reply: "requestHeaders" }]);
});

t.test("onMessage() refuses where nobody said how many there may be", async (t) => {
  const session = starter(undefined)();
  t.match(short(session.onMessage(requestHeaders())), [{ status: 503 }]);
});

t.test("onMessage() counts nothing of what Envoy answered before", async (t) => {
  const start = starter(1);
  t.match(short(start().onMessage(responseHeaders())), [{ reply: "responseHeaders" }]);
  t.match(short(start().onMessage(requestHeaders())), [{ reply: "requestHeaders" }]);
});
