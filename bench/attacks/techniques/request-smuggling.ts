/** Requests whose end two servers would see in different places, on connections that the next request would share. */
import { arrives, head, sendInTls } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import type { RawRequest } from "./duplicate-host.ts";

const post = "POST /sink HTTP/1.1\r\nHost: allowed.test";
/** Refused wherever the gateway sees it as a request: at an upstream it is one that nobody decided about. */
const hidden = "GET /smuggled HTTP/1.1\r\nHost: unlisted.test\r\n\r\n";

/** Heads for a tunnel to allowed.test that are refused before any upstream sees them. */
export const ambiguousFraming: readonly RawRequest[] = [
  { name: "a NUL in a header", head: "GET / HTTP/1.1\r\nHost: allowed.test\r\nx-a: a\0b" },
  {
    name: "both lengths",
    head: `${post}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked`,
    body: `0\r\n\r\n${hidden}`,
  },
  {
    name: "two different lengths",
    head: `${post}\r\nContent-Length: 4\r\nContent-Length: 40`,
    body: "body",
  },
  {
    name: "an unknown transfer coding",
    head: `${post}\r\nTransfer-Encoding: chunked, identity`,
    body: "0\r\n\r\n",
  },
  {
    name: "an upgrade to an unknown protocol",
    head: "GET /bytes/1 HTTP/1.1\r\nHost: allowed.test\r\nConnection: Upgrade\r\nUpgrade: anything",
  },
];

/** More of them: what hides a second request, which is what must never arrive as one. */
const smugglers: readonly RawRequest[] = [
  ...["xchunked", "chunked, chunked", "\tchunked", " chunked ", "chunked;q=1", "identity"].map(
    (coding) => ({
      name: `coding ${JSON.stringify(coding)} beside a length`,
      head: `${post}\r\nContent-Length: 4\r\nTransfer-Encoding: ${coding}`,
      body: `0\r\n\r\n${hidden}`,
    }),
  ),
  {
    name: "coding with a blank before the colon",
    head: `${post}\r\nTransfer-Encoding : chunked`,
    body: `0\r\n\r\n${hidden}`,
  },
  {
    name: "coding on a folded line",
    head: `${post}\r\nTransfer-Encoding:\r\n chunked`,
    body: `0\r\n\r\n${hidden}`,
  },
  { name: "a folded header", head: `${post}\r\nx-a: a\r\n b: c` },
  { name: "bare line feeds", head: `${post}\r\nx-a: b\nContent-Length: 0\n\n${hidden}` },
  { name: "a bare carriage return", head: `${post}\r\nx-a: b\rTransfer-Encoding: chunked` },
  { name: "a length with a sign", head: `${post}\r\nContent-Length: +4`, body: `body${hidden}` },
  { name: "a list of lengths", head: `${post}\r\nContent-Length: 0, 4`, body: `body${hidden}` },
  { name: "a hexadecimal length", head: `${post}\r\nContent-Length: 0x4`, body: `body${hidden}` },
  { name: "a length that is too large", head: `${post}\r\nContent-Length: 99999999999999999999` },
  {
    name: "a chunk size with rubbish",
    head: `${post}\r\nTransfer-Encoding: chunked`,
    body: `0x0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk that ends in a line feed",
    head: `${post}\r\nTransfer-Encoding: chunked`,
    body: `4\nbody\n0\n\n${hidden}`,
  },
  {
    name: "a chunk that is longer than it says",
    head: `${post}\r\nTransfer-Encoding: chunked`,
    body: `1\r\nbody\r\n0\r\n\r\n${hidden}`,
  },
  { name: "a header without a name", head: `${post}\r\n: value` },
  { name: "a header with a blank in its name", head: `${post}\r\nx a: b` },
];

/** Both lists: a request hidden in what one of two servers takes for a body must never arrive as one. */
export const requestSmuggling: Technique = {
  name: "request-smuggling",
  about: "two lengths, codings, folds, bare line ends, chunk sizes",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const target = "allowed.test:443";
    return {
      control: () =>
        arrives(rig, "allowed.test", () =>
          sendInTls(run, target, `${head(post, "Content-Length: 4")}body`),
        ),
      isForbidden: ({ path, method }) => path === "/smuggled" || method !== "POST",
      attempts: [...ambiguousFraming, ...smugglers].map(({ name, head: start, body = "" }) =>
        // Kept open, so that what is behind the request would be read as the next one.
        attempt(name, () => sendInTls(run, target, `${start}\r\n\r\n${body}`)),
      ),
    };
  },
};
