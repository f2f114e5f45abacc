/** Which host behaves like which provider. */
import { createAnthropicSite } from "./anthropic.ts";
import { createAzureSite } from "./azure.ts";
import { createBedrockSite } from "./bedrock.ts";
import type { BedrockCredentials } from "./bedrock.ts";
import { createCompatibleSite } from "./compatible.ts";
import { createGoogleSite } from "./google.ts";
import type { GoogleCredentials } from "./google.ts";
import { createOpenAiSite } from "./openai.ts";
import type { Site, SiteEnvironment } from "./site.ts";

/** What each provider accepts; one without credentials is not there. */
export interface SiteCredentials {
  /** Of api.openai.com */
  readonly openAiKey: string;
  /** Of api.anthropic.com */
  readonly anthropicKey: string;
  /** Of generativelanguage.googleapis.com and Vertex AI's hosts */
  readonly google?: GoogleCredentials;
  /** Of bedrock-runtime.REGION.amazonaws.com */
  readonly bedrock?: BedrockCredentials;
  /** Of every resource at openai.azure.com */
  readonly azureKey?: string;
  /** A server of open models under a name of its own */
  readonly compatible?: { readonly host: string; readonly apiKey: string };
}

interface Place {
  readonly hosts: RegExp;
  readonly site: Site;
}

/** Finds the site of a host in lower case; undefined where none of the providers is. */
export function createSites(
  credentials: SiteCredentials,
  environment: SiteEnvironment,
): (host: string) => Site | undefined {
  const { google, bedrock, azureKey, compatible } = credentials;
  const places: Place[] = [
    { hosts: /^api\.openai\.com$/, site: createOpenAiSite(credentials.openAiKey, environment) },
    {
      hosts: /^api\.anthropic\.com$/,
      site: createAnthropicSite(credentials.anthropicKey, environment),
    },
  ];
  if (google !== undefined) {
    const hosts = /^(?:generativelanguage|(?:[a-z\d-]+-)?aiplatform)\.googleapis\.com$/;
    places.push({ hosts, site: createGoogleSite(google, environment) });
  }
  if (bedrock !== undefined) {
    const hosts = /^bedrock-runtime\.[a-z\d-]+\.amazonaws\.com$/;
    places.push({ hosts, site: createBedrockSite(bedrock, environment) });
  }
  if (azureKey !== undefined) {
    places.push({ hosts: /\.openai\.azure\.com$/, site: createAzureSite(azureKey, environment) });
  }
  if (compatible !== undefined) {
    const hosts = new RegExp(`^${RegExp.escape(compatible.host)}$`);
    places.push({ hosts, site: createCompatibleSite(compatible.apiKey, environment) });
  }
  return (host) => places.find(({ hosts }) => hosts.test(host))?.site;
}
