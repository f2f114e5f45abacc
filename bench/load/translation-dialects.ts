/** The dialects that the benchmark `translation` pairs: every codec of conversations in which a built-in provider serves. */
import type { ChatCodec, WireBody, WireRequest, WireResponse } from "../../providers/codec.ts";
import type { Provider, ServedApi } from "../../providers/provider.ts";

/** One dialect with an API that is served in it. */
export interface Dialect {
  /** Name of the codec, with the provider's where another codec has the same */
  readonly name: string;
  readonly codec: ChatCodec;
  readonly api: ServedApi;
  /** A model that the API serves */
  readonly model: string;
}

// The first that an API serves is asked for; each sort of API has one.
const candidates: readonly string[] = [
  "gpt-4o-mini",
  "claude-sonnet-4-5",
  "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "amazon.nova-pro-v1:0",
  "gemini-2.5-flash",
  "mistral-large-latest",
];

/** Every dialect once, in the order of the registry; empty where nobody serves conversations. */
export function findDialects(providers: readonly Provider[]): Dialect[] {
  const dialects = new Map<ChatCodec, Dialect>();
  for (const provider of providers) {
    for (const api of provider.served ?? []) {
      const { codec } = api;
      const model = candidates.find((candidate) => api.serves?.(candidate) !== false);
      if (codec.operation !== "chat" || model === undefined || dialects.has(codec)) continue;
      const isTaken = [...dialects.keys()].some(({ name }) => name === codec.name);
      const name = isTaken ? `${codec.name} (${provider.name})` : codec.name;
      dialects.set(codec, { name, codec, api, model });
    }
  }
  return [...dialects.values()];
}

/** A request in a dialect as the gateway would show it to the codec. */
export function requestIn(dialect: Dialect, body: string | Buffer, stream: boolean): WireRequest {
  const { api, model } = dialect;
  const headers = new Map<string, string>([
    ["content-type", "application/json"],
    ...api.headers.map(({ name, value }): [string, string] => [name, value]),
  ]);
  return {
    path: api.path({ model, stream, basePath: "" }),
    pathModel: api.modelIn === "path" ? model : null,
    header: (name) => headers.get(name),
    body: Buffer.from(body),
  };
}

/** An answer of status 200 likewise. */
export function responseIn({ body, contentType }: WireBody): WireResponse {
  return {
    status: 200,
    header: (name) => (name === "content-type" ? contentType : undefined),
    body: Buffer.from(body),
  };
}
