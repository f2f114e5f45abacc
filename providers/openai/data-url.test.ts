import t from "tap";
import { formatDataUrl, parseDataUrl } from "./data-url.ts";

const urls: readonly {
  readonly url: string;
  readonly wanted: { readonly mediaType: string; readonly data: string } | undefined;
}[] = [
  { url: "data:image/png;base64,AAAA", wanted: { mediaType: "image/png", data: "AAAA" } },
  { url: "DATA:Image/PNG;Base64,AAAA", wanted: { mediaType: "image/png", data: "AAAA" } },
  {
    url: "data:text/plain;charset=utf-8;base64,aGk=",
    wanted: { mediaType: "text/plain", data: "aGk=" },
  },
  { url: "data:,hi", wanted: { mediaType: "text/plain", data: "aGk=" } },
  { url: "data:text/html,%3Cb%3E", wanted: { mediaType: "text/html", data: "PGI+" } },
  { url: "data:;base64,AAAA", wanted: { mediaType: "text/plain", data: "AAAA" } },
  { url: "data:image/png;base64,", wanted: { mediaType: "image/png", data: "" } },
  { url: "data:text/plain,%FF", wanted: undefined },
  { url: "data:image/png;base64", wanted: undefined },
  { url: "data", wanted: undefined },
  { url: "https://example.com/data:image/png;base64,AAAA", wanted: undefined },
  { url: "", wanted: undefined },
];

for (const { url, wanted } of urls) {
  t.test(`parseDataUrl() reads ${JSON.stringify(url)}`, async (t) => {
    t.strictSame(parseDataUrl(url), wanted);
  });
}

t.test("parseDataUrl() gives back what formatDataUrl() wrote", async (t) => {
  const bytes = { mediaType: "application/pdf", data: Buffer.alloc(300, "x").toString("base64") };
  t.strictSame(parseDataUrl(formatDataUrl(bytes)), bytes);
});
