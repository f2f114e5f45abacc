/** An upstream that repeats the credential it was sent, in every spelling, part and piece of an answer: agents must not see it. */
import { openSecureTunnel, requestThrough } from "../../harness/agent-requests.ts";
import { openHttp2 } from "../../harness/http-over-socket.ts";
import type { HttpResponse } from "../../harness/http-over-socket.ts";
import { spellings } from "../../harness/mirror-upstream.ts";
import { injectedValue, mirroredValue, shows, swappingGateway } from "../swapping-gateway.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Where and how the answer is sent; each with every spelling. */
const ways = [
  "in=body",
  "in=body&cut=1",
  "in=body&cut=7",
  "in=body&cut=5&events=1",
  "in=header",
  "in=cookies",
];

const codings = ["gzip", "br", "deflate", "zstd"];

/** Counts answers in which the credential can be read. */
export const reflectedCredential: Technique = {
  name: "reflected-credential",
  about: "a credential read out of the answer of an upstream that repeats it",
  prepare: async (rig) => {
    const { run, mirror, placeholder } = await swappingGateway(rig);
    let shown = 0;
    const read = async (url: string, headers: Record<string, string>) => {
      const response = await requestThrough(run, url, { headers });
      const text = everything(response);
      if ([mirroredValue, injectedValue].some((value) => shows(text, value))) shown++;
      return text;
    };
    const targets = [
      { host: "keyed.test", headers: { authorization: `Bearer ${placeholder}` } },
      { host: "keyed.test", headers: { authorization: `Basic ${btoa(`a:${placeholder}`)}` } },
      { host: "injected.test", headers: {} },
    ];
    return {
      control: async () => {
        const before = mirror.requests.length;
        const text = await read("https://keyed.test/?form=raw&in=body", {
          authorization: `Bearer ${placeholder}`,
        });
        const seen = mirror.requests[before]?.headers.authorization;
        return seen === `Bearer ${mirroredValue}` && text.includes(placeholder);
      },
      countMore: () => shown,
      attempts: [
        ...targets.flatMap(({ host, headers }, index) =>
          spellings.flatMap(({ name }) =>
            ways.map((way) =>
              attempt(`${name} from ${host} (${index}), ${way}`, () =>
                read(`https://${host}/?form=${name}&${way}`, headers),
              ),
            ),
          ),
        ),
        ...codings.map((coding) =>
          attempt(`compressed by ${coding}`, () =>
            read(`https://injected.test/?form=raw&coding=${coding}`, { "accept-encoding": coding }),
          ),
        ),
        ...["bytes=0-12", "bytes=13-"].map((range) =>
          attempt(`a part of the answer, ${range}`, () =>
            read("https://injected.test/?form=raw", { range }),
          ),
        ),
        ...spellings.map(({ name }) =>
          attempt(`${name} in a trailer of HTTP/2`, async () => {
            const connection = openHttp2(await openSecureTunnel(run, "injected.test:443", "h2"));
            try {
              const path = `/?form=${name}&in=trailer`;
              const text = everything(
                await connection.request({ path, authority: "injected.test" }),
              );
              if (shows(text, injectedValue)) shown++;
              return text;
            } finally {
              connection.close();
            }
          }),
        ),
        attempt("repeated from a body", () =>
          requestThrough(run, "https://keyed.test/", {
            method: "POST",
            body: `{"key":"${placeholder}"}`,
          }).then((response) => {
            const text = everything(response);
            if (shows(text, mirroredValue)) shown++;
            return text;
          }),
        ),
        attempt("TRACE", () =>
          requestThrough(run, "https://injected.test/", { method: "TRACE" }).then(everything),
        ),
      ],
    };
  },
};

function everything({ status, headers, trailers, body }: HttpResponse): string {
  return `${status}\n${JSON.stringify(headers)}\n${JSON.stringify(trailers)}\n${body.toString("latin1")}`;
}
