/**
 * Whether a value is the declaration of a provider, field by field: for plugins, which no compiler of ours has seen.
 * Its functions are called with samples, so that what throws at once is found before any request.
 */

import { isFeature } from "./features.ts";
import { writeJson } from "./json-text.ts";
import { answerFacts } from "./operation.ts";
import { findOperation } from "./operation-layout.ts";
import type { Provider } from "./provider.ts";
import type { ValueCheck } from "./value-check.ts";
import {
  describeValue,
  isObject,
  listOf,
  objectOf,
  optional,
  textLike,
  wanted,
} from "./value-check.ts";

/** A declaration, or what is wrong with it: one clause for each field. */
export type CheckedDeclaration =
  | { readonly kind: "ok"; readonly provider: Provider }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** Functions that a codec has, by its operation. */
const codecFunctions = new Map<unknown, readonly string[]>([
  [
    "chat",
    [
      ...["decodeRequest", "encodeRequest", "decodeResponse", "encodeResponse"],
      ...["createStreamDecoder", "createStreamEncoder", "decodeError", "encodeError"],
    ],
  ],
  ...["count_tokens", "embeddings"].map((operation): [string, string[]] => [
    operation,
    [
      ...["decodeRequest", "encodeRequest", "decodeResponse", "encodeResponse"],
      ...["decodeError", "encodeError"],
    ],
  ]),
]);

/** Names that mean something else where objects name providers. */
const reservedNames = ["custom"];

const sampleMessage = "No route allows host %REQ(:AUTHORITY)%";

/** Checks a value that somebody says is a `Provider`. */
export function checkDeclaration(value: unknown): CheckedDeclaration {
  const problems = providerCheck(value, "");
  if (problems.length > 0) return { kind: "wrong", problems };
  // Every field was checked above.
  const provider = value as Provider;
  const found = [
    ...repeatedNames(provider),
    ...errorBodyProblems(provider),
    ...operationProblems(provider),
    ...servedProblems(provider),
  ];
  return found.length === 0 ? { kind: "ok", provider } : { kind: "wrong", problems: found };
}

/** Whether a text can be the name or an alias of a provider. */
export function isProviderName(text: string): boolean {
  return name(text, "").length === 0;
}

const name: ValueCheck = (value, at) => {
  const problems = textLike(
    "lower-case words joined by - or _, at most 63 characters",
    /^(?=.{1,63}$)[a-z][a-z\d]*(?:[-_][a-z\d]+)*$/,
  )(value, at);
  if (!reservedNames.some((one) => one === value)) return problems;
  return [`${at} is ${describeValue(value)}, which objects use for providers without a name`];
};

const host: ValueCheck = textLike(
  "a host name in lower case, or one after *.",
  /^(?!\d+(?:\.\d+){3}$)(?=.{1,253}$)(?:\*\.)?[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/,
);

const headerToken = "[a-z\\d!#$%&'*+.^_`|~-]+";
const headerName = textLike("a header name in lower case", new RegExp(`^${headerToken}$`));

const constantHeader = objectOf({
  name: textLike(
    "a header name in lower case that is not ours",
    new RegExp(`^(?!x-clrk-|x-envoy-)${headerToken}$`),
  ),
  // Envoy takes % for the begin of a command.
  value: textLike("visible characters without %", /^(?=\S)(?!.*\s$)[\x20-\x24\x26-\x7e]+$/),
});

const onRequest = wanted('"on-request"', (value) => value === "on-request");
const isTrue = wanted("true", (value) => value === true);
const aFunction = wanted("a function", (value) => typeof value === "function");

const featureSet: ValueCheck = (value, at) => {
  if (!(value instanceof Set)) return [`${at} is ${describeValue(value)}, wanted a Set`];
  const strange = [...value].filter((one) => typeof one !== "string" || !isFeature(one));
  return strange.map((one) => `${at} has ${describeValue(one)}, wanted names of features.ts`);
};

const codec: ValueCheck = (value, at) => {
  if (!isObject(value)) return [`${at} is ${describeValue(value)}, wanted a codec`];
  const functions = codecFunctions.get(value["operation"]);
  if (functions === undefined) {
    const known = [...codecFunctions.keys()].join(", ");
    return [`${at}.operation is ${describeValue(value["operation"])}, wanted one of ${known}`];
  }
  return [
    ...name(value["name"], `${at}.name`),
    ...featureSet(value["expresses"], `${at}.expresses`),
    ...functions.flatMap((key) => aFunction(value[key], `${at}.${key}`)),
  ];
};

const answerPaths = objectOf(
  Object.fromEntries(
    answerFacts.map((fact) => [
      fact,
      optional(
        listOf(
          textLike("a path such as usage.total", /^[^.[\]]+(?:\[\])*(?:\.[^.[\]]+(?:\[\])*)*$/),
        ),
      ),
    ]),
  ),
);

const memberPath = textLike(
  "a path of members such as config.maxTokens",
  /^[^.\s[\]]+(?:\.[^.\s[\]]+)*$/,
);

const boundedOutput = objectOf({
  limits: listOf(memberPath, { least: 1 }),
  answers: optional(listOf(memberPath)),
  prompts: optional(textLike("the name of a member", /^[^.\s[\]]+$/)),
  parts: optional(listOf(memberPath)),
  keys: optional(wanted('"protobuf"', (value) => value === "protobuf")),
  serves: optional(aFunction),
});

const outputPlace: ValueCheck = (value, at) => (value === "none" ? [] : boundedOutput(value, at));

const operation = objectOf({
  name: textLike("a word such as chat", /^[a-z][a-z\d_.-]{0,63}$/),
  paths: listOf(
    textLike(
      "a path that begins with / and names {model} at most once",
      /^(?=\/)(?:[^\s?#{}]|\{any\})*(?:\{model\}(?:[^\s?#{}]|\{any\})*)?$/,
    ),
    { least: 1 },
  ),
  answer: answerPaths,
  event: answerPaths,
  finalStatuses: listOf(wanted("a text", (value) => typeof value === "string")),
  codec: optional(codec),
  streamUsage: optional(onRequest),
  otherModels: optional(listOf(wanted("a text", (value) => typeof value === "string"))),
  outputTokens: optional(
    wanted(
      '"with-reasoning" or "without-reasoning"',
      (value) => value === "with-reasoning" || value === "without-reasoning",
    ),
  ),
  output: optional(outputPlace),
  isStream: optional(isTrue),
  streamsArrays: optional(isTrue),
  inputTokens: wanted(
    '"with-cache" or "without-cache"',
    (value) => value === "with-cache" || value === "without-cache",
  ),
});

const servedApi = objectOf({
  codec,
  modelIn: wanted('"body" or "path"', (value) => value === "body" || value === "path"),
  path: aFunction,
  headers: listOf(constantHeader),
  serves: optional(aFunction),
  lacks: optional(featureSet),
  encodeChat: optional(aFunction),
  streamUsage: optional(onRequest),
});

const providerCheck = objectOf({
  name,
  aliases: listOf(name),
  hosts: listOf(host),
  credentialHeaders: listOf(headerName),
  ownHeaders: optional(listOf(headerName)),
  errorBody: aFunction,
  errorHeaders: listOf(constantHeader),
  operations: optional(listOf(operation)),
  served: optional(listOf(servedApi)),
});

function repeatedNames({ name: own, aliases, hosts }: Provider): string[] {
  const repeated = (list: readonly string[]) =>
    list.filter((one, index) => list.indexOf(one) < index);
  return [
    ...repeated([own, ...aliases]).map((one) => `aliases has "${one}" twice`),
    ...repeated(hosts).map((one) => `hosts has "${one}" twice`),
  ];
}

function errorBodyProblems({ errorBody }: Provider): string[] {
  for (const status of [400, 401, 403, 429, 500, 503]) {
    try {
      const body: unknown = errorBody({ status, message: sampleMessage, code: "clrk_sample" });
      if (!isObject(body)) {
        return [`errorBody() gives ${describeValue(body)} for status ${status}, wanted an object`];
      }
      if (!JSON.stringify(body).includes(sampleMessage)) {
        return [`errorBody() leaves the message out for status ${status}`];
      }
    } catch (error) {
      return [`errorBody() throws for status ${status}: ${messageOf(error)}`];
    }
  }
  return [];
}

function operationProblems(provider: Provider): string[] {
  const paths = (provider.operations ?? []).flatMap((one) => one.paths);
  const twice = paths.filter((path, index) => paths.indexOf(path) < index);
  if (twice.length > 0) return twice.map((path) => `operations has the path "${path}" twice`);
  try {
    // Compiles all of them.
    findOperation(provider, "POST", "/");
    return [];
  } catch (error) {
    return [`operations cannot be used: ${messageOf(error)}`];
  }
}

function servedProblems({ served = [] }: Provider): string[] {
  return served.flatMap(({ path, serves }, index) => {
    const at = `served[${index}]`;
    try {
      const call = { model: "model/of mine", stream: false, basePath: "/base" };
      const found = [path(call), path({ ...call, stream: true })].filter(
        (one: unknown) => typeof one !== "string" || !/^\/[!-~]*$/.test(one),
      );
      const accepts: unknown = serves?.("model") ?? true;
      return [
        ...found
          .slice(0, 1)
          .map(
            (one) =>
              `${at}.path() gives ${describeValue(one)} for ${writeJson(call)}, wanted an escaped path that begins with /`,
          ),
        ...(typeof accepts === "boolean"
          ? []
          : [`${at}.serves() gives ${describeValue(accepts)}, wanted true or false`]),
      ];
    } catch (error) {
      return [`${at} cannot be used: ${messageOf(error)}`];
    }
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
