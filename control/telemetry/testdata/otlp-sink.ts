/** A receiver of OTLP/HTTP on a free local port for tests, which decodes what it took. */
import { once } from "node:events";
import { gunzipSync } from "node:zlib";
import { createServer } from "../../../gateway/node-http.ts";
import type { OtlpGroup, OtlpLog, OtlpSpan } from "../otlp-model.ts";
import { decodeLogs, decodeTraces } from "../otlp-protobuf.ts";

/** A running one. */
export interface OtlpSink {
  readonly endpoint: string;
  /** Status of its answers; what is not answered 200 is not taken */
  status: number;
  /** Body of its answers */
  answer: Uint8Array;
  /** Headers of each request that it took */
  readonly headers: (string | undefined)[];
  readonly requests: number;
  spans(): readonly OtlpGroup<OtlpSpan>[];
  logs(): readonly OtlpGroup<OtlpLog>[];
  close(): Promise<void>;
}

/** Starts one that answers 200; `headerName` is the header that it notes. */
export async function startOtlpSink(headerName: string): Promise<OtlpSink> {
  const taken: { readonly path: string; readonly body: Buffer }[] = [];
  const headers: OtlpSink["headers"] = [];
  let status = 200;
  let answer = new Uint8Array();
  let requests = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests++;
    const raw = Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    if (status === 200) {
      taken.push({ path: request.url ?? "", body });
      headers.push(String(request.headers[headerName]));
    }
    response.writeHead(status).end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const of = (path: string) => taken.filter((one) => one.path === path);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    headers,
    get status() {
      return status;
    },
    set status(next) {
      status = next;
    },
    get answer() {
      return answer;
    },
    set answer(next) {
      answer = new Uint8Array(next);
    },
    get requests() {
      return requests;
    },
    spans: () => of("/v1/traces").flatMap(({ body }) => decodeTraces(body)),
    logs: () => of("/v1/logs").flatMap(({ body }) => decodeLogs(body)),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
