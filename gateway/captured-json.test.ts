/** A capture by its JSON: it reads as the object, and nobody reads bytes that were given back. */
import t from "tap";
import { asciiJson, CapturedJson } from "./captured-json.ts";
import { capturedExchange } from "./testdata/call-facts.ts";

const exchange = capturedExchange({ requestHeaders: [["x-name", "模型 🙂"]] });

function lend(): { readonly capture: CapturedJson; readonly bytes: Buffer; backs(): number } {
  const { text } = CapturedJson.of(exchange);
  const bytes = Buffer.from(`..${text}..`);
  let backs = 0;
  const giveBack = () => {
    backs++;
    bytes.fill("x");
  };
  const capture = new CapturedJson({ bytes, start: 2, end: 2 + text.length, giveBack });
  return { capture, bytes, backs: () => backs };
}

t.test("it reads as the object whose JSON it is", async (t) => {
  const { capture } = lend();
  t.equal(capture.length, CapturedJson.of(exchange).length);
  t.same(JSON.parse(JSON.stringify(capture)), exchange);
  t.same(capture.requestHeaders, exchange.requestHeaders);
  t.same(capture.requestBody, exchange.requestBody);
  t.same(capture.responseHeaders, exchange.responseHeaders);
  t.same(capture.responseBody, exchange.responseBody);
  t.same(JSON.parse(capture.text), exchange, "also from what was read");
  t.equal(CapturedJson.of(capture), capture);
});

t.test("it gives lent bytes back once: when it is kept, or released", async (t) => {
  for (const end of ["keep", "release"] as const) {
    const { capture, backs } = lend();
    t.ok(capture.lent);
    t.ok(capture.text);
    t.equal(backs(), 0, "to look at its text is not to end it");
    capture[end]();
    t.equal(backs(), 1, end);
    t.equal(capture.lent, undefined);
    for (const again of ["keep", "release"] as const) capture[again]();
    t.equal(backs(), 1, "no second time");
  }
});

t.test(
  "it leaves lent bytes where they are when it is read: others may copy them yet",
  async (t) => {
    for (const end of ["keep", "release"] as const) {
      const { capture, backs } = lend();
      t.same(capture.toJSON(), exchange);
      const { bytes, start = 0, end: stop = 0 } = capture.lent ?? {};
      t.same(JSON.parse(bytes?.toString("latin1", start, stop) ?? ""), exchange);
      t.equal(backs(), 0);
      capture[end]();
      t.equal(backs(), 1, end);
      t.equal(capture.lent, undefined);
      t.same(JSON.parse(capture.text), exchange, "from what was read");
    }
  },
);

t.test(
  "it is there after release() where it was kept or read, and throws where it was not",
  async (t) => {
    for (const end of ["toJSON", "keep"] as const) {
      const { capture } = lend();
      capture[end]();
      capture.release();
      t.same(capture.toJSON(), exchange, end);
    }
    const { capture } = lend();
    capture.release();
    t.throws(() => capture.toJSON(), /released/);
    t.throws(() => capture.text, /released/);
    t.throws(() => JSON.stringify({ capture }), /released/);
  },
);

t.test("asciiJson() changes no meaning", async (t) => {
  const json = JSON.stringify(["ü", "模型", "🙂", "\u2028", "\\", '"']);
  t.match(asciiJson(json), /^[\x20-\x7e]+$/);
  t.same(JSON.parse(asciiJson(json)), JSON.parse(json));
});
