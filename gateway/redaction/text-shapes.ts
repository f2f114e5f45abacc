/**
 * Personal data that is known by its form: e-mail addresses, telephone numbers, numbers of payment cards and accounts,
 * addresses of machines, US social security numbers. Every search walks over the text once; checks of digits keep
 * ordinary numbers.
 */

import { isIPv4, isIPv6 } from "node:net";
import type { TextShape } from "../../crds/logging-policy.ts";
import type { TextEnd } from "../value-redactor.ts";
import { hasIbanCheck, hasLuhnCheck } from "./check-digits.ts";
import type { Span } from "./spans.ts";

/** Adds the places of all data of these forms; of a text that was `cut`, also what may be the beginning of some. */
export function findShapes(
  text: string,
  shapes: readonly TextShape[],
  { end, found }: { readonly end: TextEnd; readonly found: Span[] },
): void {
  for (const shape of shapes) {
    finders[shape](text, (start, stop) => {
      found.push({ start, end: stop, by: replacements[shape] });
    });
    if (end === "whole") continue;
    const tail = findTail(text, shape);
    if (tail !== undefined) found.push({ ...tail, by: replacements[shape] });
  }
}

type Report = (start: number, end: number) => void;

const replacements: Readonly<Record<TextShape, string>> = {
  Email: "[redacted email]",
  PhoneNumber: "[redacted phone number]",
  PaymentCard: "[redacted payment card]",
  IBAN: "[redacted iban]",
  IPAddress: "[redacted ip address]",
  USSocialSecurityNumber: "[redacted ssn]",
};

const finders: Readonly<Record<TextShape, (text: string, report: Report) => void>> = {
  Email: findEmails,
  PhoneNumber: findPhoneNumbers,
  PaymentCard: findPaymentCards,
  IBAN: findIbans,
  IPAddress: findIpAddresses,
  USSocialSecurityNumber: findSocialSecurityNumbers,
};

/** Four times what RFC 5321 (section 4.5.3.1) allows before the `@`. */
const maxLocalPart = 256;
const localCharacter = /[\w.%+'~\x80-\xff-]/;
const domain =
  /(?:[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]{0,61}[A-Za-z0-9\x80-\xff])?\.){1,8}[A-Za-z\x80-\xff][A-Za-z0-9\x80-\xff-]{0,60}[A-Za-z0-9\x80-\xff]/y;

function findEmails(text: string, report: Report): void {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (at - start < maxLocalPart && localCharacter.test(text[start - 1] ?? " ")) start--;
    domain.lastIndex = at + 1;
    const host = domain.exec(text);
    if (start < at && host !== null) report(start, at + 1 + host[0].length);
  }
}

// With a country's code (ITU-T E.164: at most 15 digits), and those of North America with their usual marks.
const phoneNumbers =
  /(?<![\w+])(?:\+|00)[1-9](?:[ .\-/()]{0,2}\d){6,14}(?!\d)|(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])/g;

function findPhoneNumbers(text: string, report: Report): void {
  for (const found of text.matchAll(phoneNumbers)) {
    report(found.index, found.index + found[0].length);
  }
}

/** First digits that networks have given out (ISO/IEC 7812), and how long numbers are. */
const cardStart = /(?<!\d)[2-6](?=\d{3}|\d{2}[ -]?\d)/g;
const cardDigits = { most: 19, fewest: 13 };

function findPaymentCards(text: string, report: Report): void {
  let free = 0;
  for (const { index } of text.matchAll(cardStart)) {
    if (index < free) continue;
    const end = longestChecked(groupedRun(text, index, isDigit, cardDigits.most), {
      ...cardDigits,
      isFollowed: (position) => isDigit(text.charCodeAt(position)),
      check: hasLuhnCheck,
    });
    if (end === undefined) continue;
    report(index, end);
    free = end;
  }
}

const ibanStart = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ ]?[A-Za-z0-9])/g;
/** ISO 13616: two letters, two check digits, and 11 to 30 characters of the country's own. */
const ibanLength = { most: 34, fewest: 15 };

function findIbans(text: string, report: Report): void {
  for (const { index } of text.matchAll(ibanStart)) {
    const end = longestChecked(groupedRun(text, index, isAlphanumeric, ibanLength.most), {
      ...ibanLength,
      isFollowed: (position) => isAlphanumeric(text.charCodeAt(position)),
      check: hasIbanCheck,
    });
    if (end !== undefined) report(index, end);
  }
}

const addressTokens = /(?<![\w.:])[0-9A-Fa-f:.]{3,45}/g;

function findIpAddresses(text: string, report: Report): void {
  for (const { index, 0: token } of text.matchAll(addressTokens)) {
    if (isWord(text.charCodeAt(index + token.length))) continue;
    const length = addressLength(token);
    if (length > 0) report(index, index + length);
  }
}

/** Length of the address that the token begins with, which a port or the marks of a sentence may follow; 0 for none. */
function addressLength(token: string): number {
  const bare = token.replace(/[.:]+$/, (end) => (end.startsWith("::") ? "::" : ""));
  if (isIPv6(bare)) return /[0-9A-Fa-f]/.test(bare) ? bare.length : 0;
  const colon = bare.indexOf(":");
  const host = colon < 0 ? bare : bare.slice(0, colon);
  return isIPv4(host) ? host.length : 0;
}

// Never given out: areas 000, 666 and from 900 on, group 00, serial 0000.
const socialSecurityNumbers =
  /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])/g;

function findSocialSecurityNumbers(text: string, report: Report): void {
  for (const found of text.matchAll(socialSecurityNumbers)) {
    report(found.index, found.index + found[0].length);
  }
}

/** Characters of a run, and where each ends in the text. */
interface GroupedRun {
  readonly characters: string;
  readonly ends: readonly number[];
}

/** Characters from `start` on, which may stand in groups with one blank or hyphen between. */
function groupedRun(
  text: string,
  start: number,
  isPart: (code: number) => boolean,
  most: number,
): GroupedRun {
  let characters = "";
  const ends: number[] = [];
  for (let at = start; characters.length < most && at < text.length; at++) {
    if (isPart(text.charCodeAt(at))) {
      characters += text[at];
      ends.push(at + 1);
    } else if (!isGap(text.charCodeAt(at)) || at > (ends.at(-1) ?? at)) break;
  }
  return { characters, ends };
}

/** End of the longest beginning of the run that holds its check digits and stands for itself. */
function longestChecked(
  { characters, ends }: GroupedRun,
  options: {
    readonly fewest: number;
    readonly isFollowed: (position: number) => boolean;
    readonly check: (characters: string) => boolean;
  },
): number | undefined {
  for (let length = characters.length; length >= options.fewest; length--) {
    const end = ends[length - 1] ?? 0;
    if (!options.isFollowed(end) && options.check(characters.slice(0, length))) return end;
  }
  return undefined;
}

/** What may be the beginning of such data at the end of a text that was cut off. */
function findTail(text: string, shape: TextShape): Span | undefined {
  const tail = text.slice(-maxTail);
  const found = tails[shape].exec(tail);
  if (found === null) return undefined;
  const start = text.length - tail.length + found.index;
  return { start, end: text.length };
}

/** Nothing that is searched for is longer, but for e-mail addresses of hardly anybody. */
const maxTail = 160;

const digitsAtEnd = /(?<![\w])[+(]{0,2}\d(?:[ .\-/()]{0,2}\d){2,18}[ .\-/()]{0,2}$/;

const tails: Readonly<Record<TextShape, RegExp>> = {
  Email: /[^\s"'<>,;:\\@]{1,64}@[^\s"'<>,;:\\@]*$/,
  PhoneNumber: digitsAtEnd,
  PaymentCard: digitsAtEnd,
  IBAN: /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){0,30} ?$/,
  IPAddress: /(?<![\w.:])[0-9A-Fa-f]{1,4}[.:][0-9A-Fa-f:.]*$/,
  USSocialSecurityNumber: digitsAtEnd,
};

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isAlphanumeric(code: number): boolean {
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  return isLetter || isDigit(code);
}

function isWord(code: number): boolean {
  return isAlphanumeric(code) || code === 0x5f;
}

/** Blank or hyphen. */
function isGap(code: number): boolean {
  return code === 0x20 || code === 0x2d;
}
