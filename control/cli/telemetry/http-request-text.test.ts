import t from "tap";
import { parseHeaderLine, parseRequestText } from "./http-request-text.ts";

const parse = (text: string) => parseRequestText(Buffer.from(text));

t.test("parseRequestText() takes headers and the exact bytes of the body", (t) => {
  const bytes = Buffer.concat([
    Buffer.from("POST /a HTTP/1.1\nHost: x\nA: 1\na: 2\n\n"),
    Buffer.from([0, 255, 10, 13, 10]),
  ]);
  const { headers, body, target } = parseRequestText(bytes);
  t.equal(target, "/a");
  t.strictSame(headers, [
    ["a", "1"],
    ["a", "2"],
  ]);
  t.strictSame([...body], [0, 255, 10, 13, 10]);
  t.strictSame(parse("POST / HTTP/1.1\r\n").body.length, 0);
  t.end();
});

t.test("parseRequestText() refuses what cannot be sent as it is", (t) => {
  for (const { text, message } of [
    { text: "", message: /first line/ },
    { text: "hello", message: /first line/ },
    { text: "GET / HTTP/1.1\n\n", message: /Its method is GET/ },
    { text: "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n", message: /in chunks/ },
    { text: "POST / HTTP/1.1\nno header\n\n", message: /Wanted a header/ },
  ]) {
    t.throws(() => parse(text), { message }, text);
  }
  t.end();
});

t.test("parseHeaderLine() takes both forms, and no line breaks", (t) => {
  t.strictSame(parseHeaderLine("X-A:  b: c "), ["x-a", "b: c"]);
  t.strictSame(parseHeaderLine("x-a=b=c"), ["x-a", "b=c"]);
  for (const line of ["", ":", "a b: c", "a: b\r\nc: d", "a"]) {
    t.throws(() => parseHeaderLine(line), RangeError, line);
  }
  t.end();
});
