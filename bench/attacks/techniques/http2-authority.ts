/** `:authority` against `host`, and pseudo-headers that are doubled, late, empty or of another form, on HTTP/2 in the tunnel. */
import { sendOverHttp2 } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import type { HeaderField } from "../http2-frames.ts";

const get: readonly HeaderField[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/bytes/10"],
];

/** Requests of HTTP/2 as lists of headers, in their order. */
const requests: readonly { readonly name: string; readonly fields: readonly HeaderField[] }[] = [
  {
    name: "another host beside",
    fields: [...get, [":authority", "allowed.test"], ["host", "unlisted.test"]],
  },
  {
    name: "another host first",
    fields: [...get, [":authority", "unlisted.test"], ["host", "allowed.test"]],
  },
  { name: "another host alone", fields: [...get, ["host", "unlisted.test"]] },
  {
    name: "two authorities",
    fields: [...get, [":authority", "allowed.test"], [":authority", "unlisted.test"]],
  },
  { name: "two hosts", fields: [...get, ["host", "allowed.test"], ["host", "unlisted.test"]] },
  { name: "a late authority", fields: [...get, ["x-a", "b"], [":authority", "unlisted.test"]] },
  { name: "an empty authority", fields: [...get, [":authority", ""], ["host", "unlisted.test"]] },
  {
    name: "a line end in the authority",
    fields: [...get, [":authority", "allowed.test\r\nhost: unlisted.test"]],
  },
  {
    name: "a NUL in the authority",
    fields: [...get, [":authority", "allowed.test\0unlisted.test"]],
  },
  {
    name: "upper case in a name",
    fields: [...get, [":authority", "unlisted.test"], ["Host", "allowed.test"]],
  },
  {
    name: "a line end in a value",
    fields: [...get, [":authority", "allowed.test"], ["x-a", "b\r\nhost: unlisted.test"]],
  },
  {
    name: "a line end in a name",
    fields: [...get, [":authority", "allowed.test"], ["x-a\r\nhost", "unlisted.test"]],
  },
  {
    name: "a coding",
    fields: [...get, [":authority", "allowed.test"], ["transfer-encoding", "chunked"]],
  },
  {
    name: "a connection header",
    fields: [...get, [":authority", "allowed.test"], ["connection", "upgrade"]],
  },
  {
    name: "an absolute path",
    fields: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "https://unlisted.test/"],
      [":authority", "allowed.test"],
    ],
  },
  {
    name: "a path without a slash",
    fields: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "bytes/10"],
      [":authority", "unlisted.test"],
    ],
  },
  {
    name: "a blank in the path",
    fields: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/ HTTP/1.1\r\nhost: unlisted.test\r\n\r\nGET /"],
      [":authority", "allowed.test"],
    ],
  },
  {
    name: "a blank in the method",
    fields: [
      [":method", "GET / HTTP/1.1\r\nhost: unlisted.test\r\n\r\nGET"],
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "allowed.test"],
    ],
  },
  {
    name: "a length that is too short",
    fields: [
      [":method", "POST"],
      [":scheme", "https"],
      [":path", "/sink"],
      [":authority", "allowed.test"],
      ["content-length", "5"],
    ],
  },
];

/** Written as frames, because no library sends them. */
export const http2Authority: Technique = {
  name: "http2-authority",
  about: ":authority against host, pseudo-headers malformed",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const target = "allowed.test:443";
    return {
      // By the same frames, so that a refusal is not one of the frames.
      control: async () => {
        const before = rig.requests().length;
        await sendOverHttp2(run, target, [...get, [":authority", "allowed.test"]]);
        return rig.requests().length > before;
      },
      // Two names that agree after all are one: what arrives must be allowed.test in every word, and nothing hidden.
      isForbidden: ({ headers, path, method }) =>
        headers["host"] === "unlisted.test" ||
        JSON.stringify([headers, path, method]).includes("unlisted"),
      attempts: requests.map(({ name, fields }) =>
        attempt(name, () => sendOverHttp2(run, target, fields)),
      ),
    };
  },
};
