import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import t from "tap";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import {
  decodeError,
  decodeStreamError,
  encodeError,
  encodeErrorBody,
  kindOfStatus,
} from "./error-codec.ts";
import { wireResponse } from "./testdata/chat.ts";

for (const [status, kind] of [
  [400, "invalid-request"],
  [401, "authentication"],
  [402, "permission"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [409, "invalid-request"],
  [413, "too-large"],
  [422, "invalid-request"],
  [429, "rate-limit"],
  [500, "server"],
  [502, "server"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
  [599, "server"],
] as const) {
  t.test(`kindOfStatus() takes ${status} for ${kind}`, async (t) => {
    t.equal(kindOfStatus(status), kind);
  });
}

const unknown = (status: number) =>
  `The provider answered with status ${status} and a body that is not an error of its API`;

const bodies: readonly {
  readonly name: string;
  readonly status: number;
  readonly body: unknown;
  readonly error: Partial<ModelError>;
}[] = [
  {
    name: "OpenAI's",
    status: 401,
    body: {
      error: {
        message: "Incorrect API key provided.",
        type: "invalid_request_error",
        param: null,
        code: "invalid_api_key",
      },
    },
    error: {
      kind: "authentication",
      message: "Incorrect API key provided.",
      code: "invalid_api_key",
    },
  },
  {
    name: "OpenAI's without a code",
    status: 500,
    body: { error: { message: "Sorry", type: "server_error", param: null, code: null } },
    error: { kind: "server", message: "Sorry", code: "server_error" },
  },
  {
    name: "Azure's",
    status: 404,
    body: { error: { code: "DeploymentNotFound", message: "No such deployment" } },
    error: { kind: "not-found", message: "No such deployment", code: "DeploymentNotFound" },
  },
  {
    name: "Azure's gateway's",
    status: 401,
    body: { statusCode: 401, message: "Unauthorized. Access token is missing." },
    error: {
      kind: "authentication",
      message: "Unauthorized. Access token is missing.",
      code: null,
    },
  },
  {
    name: "OpenRouter's with a number for a code",
    status: 429,
    body: { error: { code: 429, message: "Slow down", metadata: {} } },
    error: { kind: "rate-limit", message: "Slow down", code: null },
  },
  {
    name: "Ollama's",
    status: 404,
    body: { error: "model 'x' not found" },
    error: { kind: "not-found", message: "model 'x' not found", code: null },
  },
  {
    name: "vLLM's",
    status: 400,
    body: { object: "error", message: "Too long", type: "BadRequestError", param: null, code: 400 },
    error: { kind: "invalid-request", message: "Too long", code: "BadRequestError" },
  },
  {
    name: "FastAPI's",
    status: 404,
    body: { detail: "Not Found" },
    error: { kind: "not-found", message: "Not Found", code: null },
  },
  {
    name: "a list of one",
    status: 400,
    body: [{ error: { code: 400, message: "Bad", status: "INVALID_ARGUMENT" } }],
    error: { kind: "invalid-request", message: "Bad", code: null },
  },
  {
    name: "a message that is empty",
    status: 503,
    body: { error: { message: "", code: "busy" } },
    error: { kind: "overloaded", message: unknown(503), code: "busy" },
  },
  { name: "a page", status: 502, body: "<html>", error: { kind: "server", message: unknown(502) } },
  { name: "nothing", status: 429, body: "", error: { kind: "rate-limit", message: unknown(429) } },
  {
    name: "a string",
    status: 400,
    body: '"x"',
    error: { kind: "invalid-request", message: unknown(400) },
  },
  {
    name: "a list of two",
    status: 400,
    body: [{ message: "a" }, { message: "b" }],
    error: { kind: "invalid-request", message: unknown(400) },
  },
  {
    name: "an object of another sort",
    status: 403,
    body: { errors: [1] },
    error: { kind: "permission", message: unknown(403) },
  },
];

for (const { name, status, body, error } of bodies) {
  t.test(`decodeError() reads ${name}`, async (t) => {
    t.strictSame(decodeError(wireResponse(body, status)), { status, code: null, ...error });
  });
}

const written: readonly {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly wanted: number;
  readonly type: string;
  readonly raised: new (...args: never[]) => Error;
}[] = [
  {
    kind: "invalid-request",
    status: 400,
    wanted: 400,
    type: "invalid_request_error",
    raised: BadRequestError,
  },
  {
    kind: "invalid-request",
    status: 422,
    wanted: 422,
    type: "invalid_request_error",
    raised: UnprocessableEntityError,
  },
  {
    kind: "authentication",
    status: 401,
    wanted: 401,
    type: "authentication_error",
    raised: AuthenticationError,
  },
  {
    kind: "permission",
    status: 403,
    wanted: 403,
    type: "permission_error",
    raised: PermissionDeniedError,
  },
  {
    kind: "permission",
    status: 402,
    wanted: 403,
    type: "permission_error",
    raised: PermissionDeniedError,
  },
  {
    kind: "not-found",
    status: 404,
    wanted: 404,
    type: "invalid_request_error",
    raised: NotFoundError,
  },
  { kind: "too-large", status: 413, wanted: 413, type: "invalid_request_error", raised: APIError },
  {
    kind: "rate-limit",
    status: 429,
    wanted: 429,
    type: "rate_limit_error",
    raised: RateLimitError,
  },
  {
    kind: "rate-limit",
    status: 400,
    wanted: 429,
    type: "rate_limit_error",
    raised: RateLimitError,
  },
  {
    kind: "overloaded",
    status: 529,
    wanted: 503,
    type: "server_error",
    raised: InternalServerError,
  },
  {
    kind: "overloaded",
    status: 503,
    wanted: 503,
    type: "server_error",
    raised: InternalServerError,
  },
  { kind: "timeout", status: 504, wanted: 504, type: "server_error", raised: InternalServerError },
  { kind: "timeout", status: 408, wanted: 408, type: "server_error", raised: APIError },
  { kind: "server", status: 500, wanted: 500, type: "server_error", raised: InternalServerError },
  { kind: "server", status: 502, wanted: 502, type: "server_error", raised: InternalServerError },
  { kind: "server", status: 599, wanted: 500, type: "server_error", raised: InternalServerError },
];

for (const { kind, status, wanted, type, raised } of written) {
  t.test(
    `encodeError() writes ${kind} of ${status} so that the SDK raises its class`,
    async (t) => {
      const answer = encodeError({ status, kind, message: "No", code: "word" });
      t.equal(answer.status, wanted);
      t.equal(answer.contentType, "application/json");
      t.strictSame(JSON.parse(`${answer.body}`), {
        error: { message: "No", type, param: null, code: "word" },
      });
      const client = new OpenAI({
        apiKey: "unit",
        maxRetries: 0,
        fetch: async () =>
          new Response(`${answer.body}`, {
            status: answer.status,
            headers: { "content-type": answer.contentType },
          }),
      });
      const failed = await client.chat.completions
        .create({ model: "m", messages: [] })
        .then(() => undefined)
        .catch((error: unknown) => error);
      t.ok(failed instanceof raised, `${failed}`);
      t.ok(failed instanceof APIError && failed.code === "word");
      t.equal(failed instanceof APIError && failed.message, `${wanted} No`);
    },
  );

  t.test(`decodeError() reads ${kind} as encodeError() writes it for ${status}`, async (t) => {
    const answer = encodeError({ status, kind, message: "No", code: "word" });
    const read = decodeError(wireResponse(`${answer.body}`, answer.status));
    t.strictSame(read, { status: wanted, kind, message: "No", code: "word" });
  });
}

const events: readonly {
  readonly name: string;
  readonly event: JsonObject;
  readonly error: Partial<ModelError> | undefined;
}[] = [
  { name: "a chunk", event: { choices: [] }, error: undefined },
  { name: "a chunk without an error", event: { choices: [], error: null }, error: undefined },
  {
    name: "a failure of the server",
    event: { error: { message: "Sorry", type: "server_error", param: null, code: null } },
    error: { status: 500, kind: "server", message: "Sorry", code: "server_error" },
  },
  {
    name: "a limit by its code",
    event: { error: { message: "Slow", type: "tokens", code: "rate_limit_exceeded" } },
    error: { status: 429, kind: "rate-limit", message: "Slow", code: "rate_limit_exceeded" },
  },
  {
    name: "a kind by its type when the code is not known",
    event: { error: { message: "No", type: "invalid_request_error", code: "x" } },
    error: { status: 400, kind: "invalid-request", message: "No", code: "x" },
  },
  {
    name: "a status for a code",
    event: { error: { code: 502, message: "Upstream" }, choices: [{ finish_reason: "error" }] },
    error: { status: 502, kind: "server", message: "Upstream", code: null },
  },
  {
    name: "an overload by its status",
    event: { error: { code: 503, message: "Busy" } },
    error: { status: 503, kind: "overloaded", message: "Busy", code: null },
  },
  {
    name: "a sentence only",
    event: { error: "out of memory" },
    error: { status: 500, kind: "server", message: "out of memory", code: null },
  },
  {
    name: "vLLM's",
    event: { object: "error", message: "Too long", type: "BadRequestError", code: 400 },
    error: { status: 400, kind: "invalid-request", message: "Too long", code: "BadRequestError" },
  },
  {
    name: "an error without a word",
    event: { error: {} },
    error: {
      status: 500,
      kind: "server",
      message: "The provider ended the stream with an error",
      code: null,
    },
  },
  {
    name: "an error that is a number",
    event: { error: 5 },
    error: {
      status: 500,
      kind: "server",
      message: "The provider ended the stream with an error",
      code: null,
    },
  },
];

for (const { name, event, error } of events) {
  t.test(`decodeStreamError() reads ${name}`, async (t) => {
    t.strictSame(decodeStreamError(event), error);
  });
}

t.test("encodeErrorBody() writes what decodeStreamError() reads for every kind", async (t) => {
  for (const { kind, status } of written) {
    const body = JSON.parse(encodeErrorBody({ status, kind, message: "No", code: null }));
    const read = decodeStreamError(body);
    t.equal(read?.message, "No");
    const isTold = ["invalid-request", "authentication", "permission", "rate-limit", "server"];
    if (isTold.includes(kind)) t.equal(read?.kind, kind);
  }
});
