/**
 * Two self-signed certificates for mutual TLS in tests, valid for a hundred years: each is leaf and root at once, for
 * `localhost` and 127.0.0.1. Nothing outside of tests trusts them, so that their keys are no secrets.
 */

/** A certificate with its key. */
export interface TestIdentity {
  /** PEM; also the root that verifies it */
  readonly cert: string;
  /** PEM, PKCS#8 */
  readonly key: string;
}

/** Server, client and authority of the tests. */
export const peerIdentity: TestIdentity = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBtjCCAVugAwIBAgIUXrNto21Mc4OnFU9ifGjcxksCIEQwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2xyayB0ZXN0IHBlZXIwIBcNMjYxMTI4MTMwMjUyWhgPMjEy
NjExMDQxMzAyNTJaMBkxFzAVBgNVBAMMDmNscmsgdGVzdCBwZWVyMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEeHNXEQ0qHQ4/JbUMvQwppKqCJRQrbdnIzDUkkHKf
tYqgDE5WArtrn+hwL6Dq62FMgb5v/RWiTETXg28r8BEL6qN/MH0wHQYDVR0OBBYE
FCM+pJTDfuMewyIvdr/dPk6fxukSMB8GA1UdIwQYMBaAFCM+pJTDfuMewyIvdr/d
Pk6fxukSMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8EBTAD
AQH/MA4GA1UdDwEB/wQEAwIChDAKBggqhkjOPQQDAgNJADBGAiEAzOG0XQ8fNA/7
CPGh9MXopCpXjP3C73osAaRnUjzUNZgCIQCusJAan3Bd8bf1vVI7DXKfT9KYCbS5
PI0e/zXdbN4N3Q==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQeAB7qLxQapXhzn6
mZEwqfjOL7gOx61I9/agQB8mwO6hRANCAAR4c1cRDSodDj8ltQy9DCmkqoIlFCtt
2cjMNSSQcp+1iqAMTlYCu2uf6HAvoOrrYUyBvm/9FaJMRNeDbyvwEQvq
-----END PRIVATE KEY-----
`,
};

/** A client that the authority does not know. */
export const strangerIdentity: TestIdentity = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBvDCCAWOgAwIBAgIUQwmAkLFgrMtfoD2+oVCSwb+zmWcwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSY2xyayB0ZXN0IHN0cmFuZ2VyMCAXDTI2MTEyODEzMDI1MloY
DzIxMjYxMTA0MTMwMjUyWjAdMRswGQYDVQQDDBJjbHJrIHRlc3Qgc3RyYW5nZXIw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQWAcdfxoC8g/5mZNEM8UKWCt/aveJr
h9grLoPP/UK5S+dhPMK5uacWFNKjDoooBdFuilPQfvB2MozR9ncu0fdbo38wfTAd
BgNVHQ4EFgQU1xvNLRybTrIaa757kfjW/yihkfswHwYDVR0jBBgwFoAU1xvNLRyb
TrIaa757kfjW/yihkfswGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1Ud
EwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgKEMAoGCCqGSM49BAMCA0cAMEQCIEix
kcUe8xI6asWTm1Wj5wU1kfj/aiCItVUf8c3NmeKpAiAIOdLUAwVT71aJINw+R8Go
QKqFTkmcTWKCaS50Dqjp3w==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6x+9N2s6PYySas0o
07wrBF4IeDM0k1aXq3XEKH5en+WhRANCAAQWAcdfxoC8g/5mZNEM8UKWCt/aveJr
h9grLoPP/UK5S+dhPMK5uacWFNKjDoooBdFuilPQfvB2MozR9ncu0fdb
-----END PRIVATE KEY-----
`,
};
