/** The providers that calls are to be served by, as fakes: how a gateway reaches them and what they are asked for. */
import {
  compatibleEmbeddingModel,
  compatibleModel,
  compatibleReasoningModel,
} from "../fake/compatible.ts";
import { headerCredential, objectManifest } from "../gateway-manifests.ts";
import type { FakeProviderOptions } from "../fake-provider.ts";

/** One provider. */
export interface Target {
  /** Name in the report */
  readonly name: string;
  /** `name` and `basePath` of `Backend.spec.schema`; the name is also whose agents need no translation */
  readonly schema: { readonly name: string; readonly basePath?: string };
  readonly host: string;
  readonly models: TargetModels;
  /** Results of tools can say that the tool failed */
  readonly tellsFailedTools: boolean;
  /** Reasoning is shown to callers of this dialect */
  readonly showsReasoning: (dialect: string) => boolean;
  /** Manifests that give calls of a route, or of a route's backend, their credential */
  readonly credential: (route: CredentialPlace) => string;
}

/** Models that a target is asked for in place of an agent's. */
export interface TargetModels {
  readonly chat: string;
  readonly reasoning: string;
  /** Undefined: it has no vectors */
  readonly embedding: string | undefined;
}

/** What a credential is for. */
export interface CredentialPlace {
  readonly route: string;
  /** The backend; undefined: the route's own host */
  readonly backend: string | undefined;
}

const openAiKey = "sk-proj-real-0123456789abcdefghij";
const anthropicKey = "sk-ant-real-0123456789abcdefghij";
const googleKey = "AIza-real-0123456789abcdefghij";
const vertexToken = "ya29.real-0123456789abcdefghij";
const azureKey = "azure-real-0123456789abcdefghij";
const compatibleKey = "sk-local-real-0123456789";
const signer = {
  accessKeyId: "AKIAREAL0123456789AB",
  secretAccessKey: "real/secret+0123456789abcdefghijklmnopqr",
};
const compatibleHost = "models.test";
const awsSecret = "aws";

/** What the fakes accept. */
export const fakeCredentials: Pick<
  FakeProviderOptions,
  "openAiKey" | "anthropicKey" | "google" | "bedrock" | "azureKey" | "compatible"
> = {
  openAiKey,
  anthropicKey,
  google: { apiKey: googleKey, vertexToken },
  bedrock: { signer },
  azureKey,
  compatible: { host: compatibleHost, apiKey: compatibleKey },
};

/** Secrets for the gateway's command line. */
export const secrets: readonly { readonly name: string; readonly value: string }[] = [
  { name: "openai", value: openAiKey },
  { name: "anthropic", value: anthropicKey },
  { name: "google", value: googleKey },
  { name: "vertex", value: vertexToken },
  { name: "azure", value: azureKey },
  { name: "compatible", value: compatibleKey },
];

/** The Secret with AWS's keys, which has more than one value. */
export const awsSecretManifest: string = JSON.stringify({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: awsSecret },
  stringData: {
    access_key_id: signer.accessKeyId,
    secret_access_key: signer.secretAccessKey,
  },
});

/** Every target. */
export const targets: readonly Target[] = [
  {
    name: "openai",
    schema: { name: "openai" },
    host: "api.openai.com",
    models: { chat: "gpt-4.1", reasoning: "gpt-5", embedding: "text-embedding-3-small" },
    tellsFailedTools: false,
    showsReasoning: inResponses,
    credential: inHeader({ secret: "openai", headerName: "Authorization", valuePrefix: "Bearer " }),
  },
  {
    name: "azure_openai",
    schema: { name: "azure_openai" },
    host: "clrk.openai.azure.com",
    models: { chat: "gpt-4.1", reasoning: "gpt-5", embedding: "text-embedding-3-small" },
    tellsFailedTools: false,
    showsReasoning: inResponses,
    credential: inHeader({ secret: "azure", headerName: "api-key" }),
  },
  {
    name: "anthropic",
    schema: { name: "anthropic" },
    host: "api.anthropic.com",
    models: { chat: "claude-sonnet-4-5", reasoning: "claude-opus-5-5", embedding: undefined },
    tellsFailedTools: true,
    showsReasoning: always,
    credential: inHeader({ secret: "anthropic", headerName: "x-api-key" }),
  },
  {
    name: "google_genai",
    schema: { name: "google_genai" },
    host: "generativelanguage.googleapis.com",
    models: {
      chat: "gemini-3.8-flash",
      reasoning: "gemini-3.1-pro-preview",
      embedding: "gemini-embedding-001",
    },
    tellsFailedTools: true,
    showsReasoning: always,
    credential: inHeader({ secret: "google", headerName: "x-goog-api-key" }),
  },
  {
    name: "google_vertex",
    schema: {
      name: "google_vertex",
      basePath: "/v1/projects/clrk/locations/us-central1/publishers/google",
    },
    host: "us-central1-aiplatform.googleapis.com",
    models: {
      chat: "gemini-3.8-flash",
      reasoning: "gemini-3.1-pro-preview",
      embedding: undefined,
    },
    tellsFailedTools: true,
    showsReasoning: always,
    credential: inHeader({ secret: "vertex", headerName: "Authorization", valuePrefix: "Bearer " }),
  },
  {
    name: "aws_bedrock",
    schema: { name: "aws_bedrock" },
    host: "bedrock-runtime.us-east-1.amazonaws.com",
    models: {
      chat: "anthropic.claude-sonnet-4-5-20250929-v1:0",
      reasoning: "anthropic.claude-opus-4-5-20251101-v1:0",
      embedding: undefined,
    },
    tellsFailedTools: true,
    showsReasoning: always,
    credential: signed,
  },
  {
    name: "openai_compatible",
    schema: { name: "openai_compatible" },
    host: compatibleHost,
    models: {
      chat: compatibleModel,
      reasoning: compatibleReasoningModel,
      embedding: compatibleEmbeddingModel,
    },
    tellsFailedTools: false,
    showsReasoning: always,
    credential: inHeader({
      secret: "compatible",
      headerName: "Authorization",
      valuePrefix: "Bearer ",
    }),
  },
];

/** Chat completions of OpenAI's keep reasoning to themselves. */
function inResponses(dialect: string): boolean {
  return dialect.endsWith("-responses");
}

function always(): boolean {
  return true;
}

function inHeader(header: {
  readonly secret: string;
  readonly headerName: string;
  readonly valuePrefix?: string;
}): Target["credential"] {
  return ({ route, backend }) =>
    headerCredential({
      ...header,
      route: {
        kind: "AIProviderRoute",
        name: route,
        ...(backend !== undefined && { sectionName: backend }),
      },
    });
}

function signed({ route, backend }: CredentialPlace): string {
  const suffix = backend === undefined ? "" : `-${backend}`;
  return objectManifest("CredentialInjectionPolicy", `aws-for-${route}${suffix}`, {
    targetRefs: [
      {
        group: "clrk.apoxy.dev",
        kind: "AIProviderRoute",
        name: route,
        ...(backend !== undefined && { sectionName: backend }),
      },
    ],
    secretRef: { name: awsSecret },
    target: "ProviderAuth",
    providerAuth: {
      type: "AWSv4",
      ...(backend !== undefined && { region: "us-east-1", service: "bedrock" }),
    },
  });
}
