/** Check digits that tell numbers which were given out from others of the same length. */

/** Whether digits end with the check digit of Luhn's formula (ISO/IEC 7812-1, annex B). */
export function hasLuhnCheck(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30;
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Whether the letters and digits of an account's number have the remainder that ISO 13616 wants (ISO/IEC 7064, MOD 97-10). */
export function hasIbanCheck(account: string): boolean {
  let remainder = 0;
  for (let index = 0; index < account.length; index++) {
    // The country and its check digits count as if they came last.
    const code = account.charCodeAt((index + 4) % account.length);
    const value = code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57;
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
