/** Which installation of which GitHub App a token is for, and how far it reaches. */
import { array, defaulted, emptyIfAbsent, enumeration, integer } from "./schema.ts";
import { map, object, string } from "./schema.ts";
import {
  permissionNameFormat,
  repositoryNameFormat,
  secureBaseUrlFormat,
} from "./token-formats.ts";

/** The schema of `githubApp`. */
export const githubApp = object({
  description: "Installation whose token is used; private_key of the Secret is the App's key",
  fields: {
    appId: integer({ description: "Id of the App", min: 1, max: Number.MAX_SAFE_INTEGER }),
    installationId: integer({
      description: "Id of the installation",
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
    }),
    baseURL: defaulted(
      string({
        description: "Of the API; with GitHub Enterprise https://HOST/api/v3",
        maxLength: 1024,
        format: secureBaseUrlFormat,
      }),
      "https://api.github.com",
    ),
    repositories: emptyIfAbsent(
      array({
        description: "Repositories that the token reaches; all of the installation when empty",
        items: string({ description: "Its name", maxLength: 100, format: repositoryNameFormat }),
        maxItems: 100,
        unique: "value",
      }),
    ),
    permissions: emptyIfAbsent(
      map({
        description: "What the token may do; all that the installation may when empty",
        keys: permissionNameFormat,
        values: enumeration({ description: "How much", values: ["read", "write", "admin"] }),
        maxProperties: 64,
      }),
    ),
  },
});
