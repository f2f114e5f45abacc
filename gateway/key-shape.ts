/**
 * Recognises text that is a key by its shape alone: published prefixes of vendors, JSON Web Tokens, and long random text.
 * Every check is linear: fixed prefixes, and one walk over the characters.
 */

/** A vendor's published form of a key. */
interface KeyForm {
  readonly prefix: string;
  /** Fewest characters after the prefix, so that a word that merely starts alike is no key */
  readonly atLeast: number;
}

// Prefixes that the vendors publish for secret scanners; ordered by first letter.
const keyForms: readonly KeyForm[] = [
  { prefix: "AGE-SECRET-KEY-", atLeast: 20 },
  { prefix: "AIza", atLeast: 30 },
  { prefix: "AKIA", atLeast: 16 },
  { prefix: "ASIA", atLeast: 16 },
  { prefix: "EAACEdEose0cBA", atLeast: 1 },
  { prefix: "GOCSPX-", atLeast: 20 },
  { prefix: "SG.", atLeast: 40 },
  { prefix: "dop_v1_", atLeast: 32 },
  { prefix: "dp.pt.", atLeast: 30 },
  { prefix: "fw_", atLeast: 20 },
  { prefix: "ghp_", atLeast: 16 },
  { prefix: "gho_", atLeast: 16 },
  { prefix: "ghu_", atLeast: 16 },
  { prefix: "ghs_", atLeast: 16 },
  { prefix: "ghr_", atLeast: 16 },
  { prefix: "github_pat_", atLeast: 16 },
  { prefix: "glpat-", atLeast: 16 },
  { prefix: "gsk_", atLeast: 20 },
  { prefix: "hf_", atLeast: 20 },
  { prefix: "hvs.", atLeast: 20 },
  { prefix: "lin_api_", atLeast: 20 },
  { prefix: "lsv2_", atLeast: 20 },
  { prefix: "npm_", atLeast: 30 },
  { prefix: "nvapi-", atLeast: 20 },
  { prefix: "pk-lf-", atLeast: 16 },
  { prefix: "pplx-", atLeast: 20 },
  { prefix: "pypi-", atLeast: 30 },
  { prefix: "r8_", atLeast: 20 },
  { prefix: "rk_live_", atLeast: 16 },
  { prefix: "shpat_", atLeast: 16 },
  { prefix: "sk-", atLeast: 16 },
  { prefix: "sk_live_", atLeast: 16 },
  { prefix: "sk_test_", atLeast: 16 },
  { prefix: "tvly-", atLeast: 16 },
  { prefix: "whsec_", atLeast: 16 },
  { prefix: "xai-", atLeast: 20 },
  { prefix: "xapp-", atLeast: 16 },
  { prefix: "xoxa-", atLeast: 10 },
  { prefix: "xoxb-", atLeast: 10 },
  { prefix: "xoxe-", atLeast: 10 },
  { prefix: "xoxp-", atLeast: 10 },
  { prefix: "xoxs-", atLeast: 10 },
  { prefix: "ya29.", atLeast: 16 },
];

// Vendors with several kinds of keys, which their own programs tell apart by what follows the prefix.
const keyFamilies =
  /^(?:sk-(?:ant-(?:api|oat|admin|sid|ort)\d\d-|proj-|svcacct-|admin-|or-v1-|lf-)|lsv2_(?:pt|sk)_|xox[abp]-)/;

const longestPrefix = Math.max(...keyForms.map((form) => form.prefix.length));
const schemes = ["bearer ", "basic ", "token "];
// 20 random bytes in base64url: shorter random text cannot be told from an id.
const shortestRandom = 28;
const shortestHex = 32;

/** 1 for the first two characters of every known form, JSON Web Tokens and tokens of bots included. */
const beginnings = new Uint8Array(0x1_0000);
for (const prefix of [...keyForms.map((form) => form.prefix), "eyJ", "bot"]) {
  beginnings[(prefix.charCodeAt(0) << 8) | prefix.charCodeAt(1)] = 1;
}

/** Whether a key of a known form may begin at a place of a text: a cheap look before `isKeyShaped()`, for text without a scheme. */
export function mayBeginKey(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  return first < 0x100 && second < 0x100 && beginnings[(first << 8) | second] === 1;
}

/** Whether the text is a key of a known form, or a JSON Web Token, perhaps behind `Bearer ` and the like. */
export function isKeyShaped(text: string): boolean {
  const trimmed = text.trim();
  const bare = stripScheme(trimmed);
  if (bare.length < 11) return false;
  if (bare !== trimmed && !bare.includes(" ")) return true;
  return hasKeyForm(bare) || isJsonWebToken(bare) || isBotToken(bare);
}

/**
 * Whether the text looks random: 32 or more hexadecimal digits, 28 or more characters of base64 with upper case, lower
 * case and digits, or 32 or more letters of one case with digits. UUIDs, words, numbers and dates do not count.
 */
export function isHighEntropy(text: string): boolean {
  if (text.length < shortestRandom) return false;
  let digits = 0;
  let hexLetters = 0;
  let lower = 0;
  let upper = 0;
  let marks = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits++;
    else if (code >= 0x61 && code <= 0x7a) {
      lower++;
      if (code <= 0x66) hexLetters++;
    } else if (code >= 0x41 && code <= 0x5a) {
      upper++;
      if (code <= 0x46) hexLetters++;
    } else if (isBase64Mark(code)) marks++;
    else return false;
  }
  if (digits + hexLetters === text.length)
    return text.length >= shortestHex && digits > 0 && hexLetters > 0;
  // Words joined by dashes have many marks and few digits; random base64 has a mark in 32 and a digit in 6.
  if (upper >= 3 && lower >= 3) return digits >= 2 && marks * 6 <= text.length;
  const letters = upper + lower;
  return text.length >= shortestHex && letters >= 8 && digits * 8 >= text.length && marks <= 2;
}

function hasKeyForm(text: string): boolean {
  const head = text.slice(0, longestPrefix);
  const form = keyForms.find(({ prefix }) => head.startsWith(prefix));
  if (form === undefined) return false;
  const run = runOfKeyText(text, form.prefix.length);
  // A slug such as `sk-hynix-announces-new-memory` has neither digits nor capitals; a random key has.
  return run >= form.atLeast && /[A-Z0-9]/.test(text.slice(form.prefix.length));
}

/**
 * What keys of one vendor have in common at their beginning, such as `sk-ant-api03-` or `ghp_`; empty for any other text.
 * Nothing of it is secret.
 */
export function keyPrefix(text: string): string {
  const family = keyFamilies.exec(text)?.[0] ?? "";
  const form = keyForms.find(({ prefix }) => text.startsWith(prefix))?.prefix ?? "";
  return family.length > form.length ? family : form;
}

// Length of the run of characters that keys are made of, from the offset on.
function runOfKeyText(text: string, from: number): number {
  let at = from;
  while (at < text.length && isKeyText(text.charCodeAt(at))) at++;
  return at - from;
}

// Header and payload are JSON objects, so both parts begin with `{"` in base64url (RFC 7519, section 3.1).
function isJsonWebToken(text: string): boolean {
  if (!text.startsWith("eyJ")) return false;
  const dot = text.indexOf(".");
  return dot > 8 && runOfKeyText(text, 0) === text.length && text.indexOf(".", dot + 1) > dot;
}

// Telegram puts the token into the path: /bot123456:AA…
function isBotToken(text: string): boolean {
  return text.length < 128 && /^bot\d{6,}:[\w-]{30,}$/.test(text);
}

function stripScheme(text: string): string {
  const head = text.slice(0, 8).toLowerCase();
  const scheme = schemes.find((candidate) => head.startsWith(candidate));
  return scheme === undefined ? text : text.slice(scheme.length);
}

function isKeyText(code: number): boolean {
  const isDigit = code >= 0x30 && code <= 0x39;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return isDigit || isLetter || code === 0x2e || isBase64Mark(code);
}

// + / = - _
function isBase64Mark(code: number): boolean {
  return code === 0x2b || code === 0x2f || code === 0x3d || code === 0x2d || code === 0x5f;
}
