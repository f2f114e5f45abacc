/** The SDKs that call through the gateway, each as its users set it up: by its environment, with a key that is none. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeProgram } from "../clients/sdk-driver.ts";
import type { SdkProgram } from "../clients/sdk-driver.ts";

const placeholder = "placeholder-of-the-agent";
const root = join(import.meta.dirname, "../../..");

/** One SDK in one of its dialects. */
export interface SdkClient {
  /** Name and version */
  readonly sdk: string;
  /** What it speaks */
  readonly dialect: Dialect;
  /** Whose API it dials, by the name that policies use */
  readonly provider: string;
  readonly models: ClientModels;
  /** What the dialect has no word for, by the names of scenarios */
  readonly lacks: readonly string[];
  /** Shows reasoning to its user */
  readonly showsReasoning: boolean;
  /** Tells its user of `retry-after` */
  readonly showsRetryAfter: boolean;
  /** The program that drives it, on top of a run's environment */
  readonly program: (environment: Readonly<Record<string, string>>) => SdkProgram;
}

/** The models that it asks for. */
export interface ClientModels {
  readonly chat: string;
  readonly reasoning: string;
  /** Undefined: the dialect has no vectors */
  readonly embedding: string | undefined;
}

/** Ways to ask, each an API of one provider. */
export type Dialect =
  | "openai-chat"
  | "openai-responses"
  | "azure-chat"
  | "azure-responses"
  | "anthropic-messages"
  | "gemini"
  | "bedrock-converse";

const openAiModels: ClientModels = {
  chat: "gpt-4.1",
  reasoning: "gpt-5",
  embedding: "text-embedding-3-small",
};
const responsesModels: ClientModels = { ...openAiModels, embedding: undefined };
const anthropicModels: ClientModels = {
  chat: "claude-sonnet-4-5",
  reasoning: "claude-opus-4-5",
  embedding: undefined,
};

const chat = {
  lacks: ["count-tokens", "failed-tool"],
  showsReasoning: false,
  showsRetryAfter: true,
};
const responses = {
  lacks: ["count-tokens", "embeddings", "stop", "failed-tool"],
  showsReasoning: true,
  showsRetryAfter: true,
};

/** Every SDK for Node. */
export const nodeClients: readonly SdkClient[] = [
  {
    ...chat,
    sdk: sdkName("openai"),
    dialect: "openai-chat",
    provider: "openai",
    models: openAiModels,
    program: nodeClient("openai-chat-sdk.ts", { OPENAI_API_KEY: placeholder }),
  },
  {
    ...responses,
    sdk: sdkName("openai"),
    dialect: "openai-responses",
    provider: "openai",
    models: responsesModels,
    program: nodeClient("openai-responses-sdk.ts", { OPENAI_API_KEY: placeholder }),
  },
  {
    ...chat,
    sdk: `${sdkName("openai")} AzureOpenAI`,
    dialect: "azure-chat",
    provider: "azure_openai",
    models: openAiModels,
    program: nodeClient(
      "openai-chat-sdk.ts",
      {
        AZURE_OPENAI_API_KEY: placeholder,
        AZURE_OPENAI_ENDPOINT: "https://clrk.openai.azure.com",
      },
      { azure: true },
    ),
  },
  {
    ...responses,
    sdk: sdkName("openai"),
    dialect: "azure-responses",
    provider: "azure_openai",
    models: responsesModels,
    program: nodeClient("openai-responses-sdk.ts", {
      OPENAI_API_KEY: placeholder,
      OPENAI_BASE_URL: "https://clrk.openai.azure.com/openai/v1",
    }),
  },
  {
    sdk: sdkName("@anthropic-ai/sdk"),
    dialect: "anthropic-messages",
    provider: "anthropic",
    models: anthropicModels,
    lacks: ["embeddings"],
    showsReasoning: true,
    showsRetryAfter: true,
    program: nodeClient("anthropic-sdk.ts", { ANTHROPIC_API_KEY: placeholder }),
  },
  {
    sdk: sdkName("@google/genai"),
    dialect: "gemini",
    provider: "google_genai",
    models: {
      chat: "gemini-2.5-flash",
      reasoning: "gemini-2.5-pro",
      embedding: "gemini-embedding-001",
    },
    lacks: [],
    showsReasoning: true,
    showsRetryAfter: false,
    program: nodeClient("google-sdk.ts", { GEMINI_API_KEY: placeholder }),
  },
  {
    sdk: sdkName("@aws-sdk/client-bedrock-runtime"),
    dialect: "bedrock-converse",
    provider: "aws_bedrock",
    models: {
      chat: "anthropic.claude-sonnet-4-5-20250929-v1:0",
      reasoning: "anthropic.claude-opus-4-5-20251101-v1:0",
      embedding: undefined,
    },
    lacks: ["embeddings"],
    showsReasoning: true,
    showsRetryAfter: true,
    program: nodeClient("bedrock-sdk.ts", {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAPLACEHOLDER00000",
      AWS_SECRET_ACCESS_KEY: placeholder,
    }),
  },
];

/** The SDKs for Python, whose packages are in a directory of their own. */
export function pythonClients(
  packages: string,
  versions: Readonly<Record<string, string>>,
): SdkClient[] {
  const program = (file: string, more: Readonly<Record<string, string>>): SdkClient["program"] => {
    const args = ["-u", join(root, "bench/harness/clients", file)];
    const own = { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1", ...more };
    return (environment) => ({
      command: "python3",
      arguments: args,
      environment: { ...environment, ...own },
    });
  };
  return [
    {
      ...chat,
      sdk: `openai ${versions["openai"]} (Python)`,
      dialect: "openai-chat",
      provider: "openai",
      models: openAiModels,
      program: program("openai_sdk.py", { OPENAI_API_KEY: placeholder }),
    },
    {
      sdk: `anthropic ${versions["anthropic"]} (Python)`,
      dialect: "anthropic-messages",
      provider: "anthropic",
      models: anthropicModels,
      lacks: ["embeddings"],
      showsReasoning: true,
      showsRetryAfter: true,
      program: program("anthropic_sdk.py", { ANTHROPIC_API_KEY: placeholder }),
    },
  ];
}

function nodeClient(
  file: string,
  more: Readonly<Record<string, string>>,
  options: object = {},
): SdkClient["program"] {
  const module = join(root, "bench/harness/clients", file);
  return (environment) => nodeProgram(module, { ...environment, ...more }, options);
}

function sdkName(name: string): string {
  const text = readFileSync(join(root, "node_modules", name, "package.json"), "utf8");
  // npm wrote it.
  const { version } = JSON.parse(text) as { readonly version: string };
  return `${name} ${version}`;
}
